#include "net/ports.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/addr.h"

struct ports {
	size_t n;
	int fd[];
};

static int open_port(int family, uint16_t port)
{
	struct sock_filter drop_all[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
	struct sock_fprog program = {1, drop_all};
	struct sockaddr_storage ss;
	struct addr any = {.family = family == AF_INET6 ? 6 : 4};
	socklen_t len = addr_to_sockaddr(&any, port, &ss);
	int off = 0, on = 1, fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	/* A `which` beside a running `probe` uses the same flows, on purpose. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ||
		bind(fd, (const struct sockaddr *)&ss, len) < 0) {
		int e = errno;

		(void)close(fd);
		errno = e;
		return -1;
	}
	return fd;
}

struct ports *ports_open(const struct probe_flows *flows, struct err_msg *why)
{
	struct ports *p = calloc(1, sizeof(*p) + flows->n * sizeof(p->fd[0]));

	if (!p) {
		(void)err_set(why, ERR_NOMEM, "out of memory");
		return NULL;
	}
	for (; p->n < flows->n; p->n++) {
		uint16_t port = (uint16_t)(flows->base + p->n);

		p->fd[p->n] = open_port(AF_INET6, port);
		if (p->fd[p->n] < 0 && errno == EAFNOSUPPORT)
			p->fd[p->n] = open_port(AF_INET, port);
		if (p->fd[p->n] >= 0)
			continue;
		(void)err_set(why, err_from_errno(errno),
			"UDP port %u (flow %zu) cannot be taken: %s; stop the program that holds it (ss "
			"-lunp), or choose "
			"other ports with --flow-base (runs to be compared need the same)",
			port, p->n, strerror(errno));
		ports_close(p);
		return NULL;
	}
	return p;
}

void ports_close(struct ports *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++)
		(void)close(p->fd[i]);
	free(p);
}
