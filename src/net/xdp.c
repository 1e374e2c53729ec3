#include "net/xdp.h"

#ifdef CATCHMAP_XDP

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <xdp/xsk.h>

/* 2 MiB: below the memory that an ordinary user may lock (8 MiB). */
enum { FRAMES = 1024, FRAME = 2048 /* the least the kernel takes */, KICKS_MAX = 1000 };
_Static_assert((FRAMES & (FRAMES - 1)) == 0, "ring sizes are powers of two");

struct xdp {
	uint8_t *memory;
	struct xsk_umem *umem;
	struct xsk_socket *socket;
	struct xsk_ring_prod fill, tx; /* fill: never used, but without it there is no umem */
	struct xsk_ring_cons done;
	uint64_t free[FRAMES]; /* places in memory */
	uint32_t n_free;
};

static int open_umem(struct xdp *x)
{
	struct xsk_umem_config config = {.fill_size = 64, .comp_size = FRAMES, .frame_size = FRAME};

	x->memory = mmap(
		/* cppcheck-suppress invalidFunctionArg ; -1 is what MAP_ANONYMOUS wants */
		NULL, (size_t)FRAMES * FRAME, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (x->memory == MAP_FAILED) {
		x->memory = NULL;
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < FRAMES; i++)
		x->free[x->n_free++] = (uint64_t)i * FRAME;
	return xsk_umem__create(&x->umem, x->memory, (uint64_t)FRAMES * FRAME, &x->fill, &x->done, &config);
}

static int open_socket(struct xdp *x, const char *interface)
{
	struct xsk_socket_config config = {
		.tx_size = FRAMES,
		.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.bind_flags = XDP_USE_NEED_WAKEUP,
	};

	return xsk_socket__create(&x->socket, interface, 0, x->umem, NULL, &x->tx, &config);
}

struct xdp *xdp_open(const char *interface, int *err, struct err_msg *why)
{
	struct xdp *x = calloc(1, sizeof(*x));
	int rc = x ? open_umem(x) : -ENOMEM;

	if (rc == 0)
		rc = open_socket(x, interface);
	if (rc == 0)
		return x;
	*err = err_set(why,
		rc == -ENOMEM                     ? ERR_NOMEM
		: err_from_errno(-rc) == ERR_PERM ? ERR_PERM
						  : ERR_IFACE,
		"cannot send on %s by AF_XDP: %s (--send packet works on every device)", interface,
		strerror(-rc));
	xdp_close(x);
	return NULL;
}

static void reclaim(struct xdp *x)
{
	uint32_t at, n = xsk_ring_cons__peek(&x->done, FRAMES, &at);

	for (uint32_t i = 0; i < n; i++)
		x->free[x->n_free++] = *xsk_ring_cons__comp_addr(&x->done, at + i);
	xsk_ring_cons__release(&x->done, n);
}

static bool is_passing(int e)
{
	return e == EAGAIN || e == EBUSY || e == ENOBUFS || e == EINTR;
}

/* Has the kernel take what is in the ring: it takes some 32 a call. */
static int kick(struct xdp *x)
{
	for (int i = 0; i < KICKS_MAX; i++) {
		/* cppcheck-suppress nullPointer ; nothing to send: it is a call to look at the ring */
		if (sendto(xsk_socket__fd(x->socket), NULL, 0, MSG_DONTWAIT, NULL, 0) >= 0)
			return 0;
		if (!is_passing(errno))
			return -errno;
		reclaim(x);
	}
	return 0; /* they leave with the next batch */
}

int xdp_send(struct xdp *x, const struct iovec *frames, unsigned n)
{
	uint32_t at = 0;
	int rc;

	reclaim(x);
	if (x->n_free == 0 && (rc = kick(x)) < 0)
		return rc;
	reclaim(x);
	n = n < x->n_free ? n : x->n_free;
	if (n == 0 || xsk_ring_prod__reserve(&x->tx, n, &at) < n)
		return -ENOBUFS;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t place = x->free[--x->n_free];

		memcpy(x->memory + place, frames[i].iov_base, frames[i].iov_len);
		*xsk_ring_prod__tx_desc(&x->tx, at + i) =
			(struct xdp_desc){.addr = place, .len = (uint32_t)frames[i].iov_len};
	}
	xsk_ring_prod__submit(&x->tx, n);
	rc = kick(x);
	return rc < 0 ? rc : (int)n;
}

void xdp_close(struct xdp *x)
{
	if (!x)
		return;
	xsk_socket__delete(x->socket);
	if (x->umem)
		(void)xsk_umem__delete(x->umem);
	if (x->memory)
		(void)munmap(x->memory, (size_t)FRAMES * FRAME);
	free(x);
}

#else

struct xdp *xdp_open(const char *interface, int *err, struct err_msg *why)
{
	*err = err_set(why, ERR_IFACE,
		"cannot send on %s by AF_XDP: this program was built without libxdp (install libxdp-dev and "
		"build anew)",
		interface);
	return NULL;
}

int xdp_send(struct xdp *x, const struct iovec *frames, unsigned n)
{
	(void)x;
	(void)frames;
	return (int)n;
}

void xdp_close(struct xdp *x)
{
	(void)x;
}

#endif
