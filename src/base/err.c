#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int err_set(struct err_msg *msg, enum err code, const char *fmt, ...)
{
	va_list ap;

	if (msg) {
		va_start(ap, fmt);
		(void)vsnprintf(msg->text, sizeof(msg->text), fmt, ap);
		va_end(ap);
	}
	return (int)code;
}

enum err err_from_errno(int errnum)
{
	switch (errnum) {
	case ENOMEM:
		return ERR_NOMEM;
	case ENOSPC:
	case EDQUOT:
		return ERR_FULL;
	case EPERM:
	case EACCES:
		return ERR_PERM;
	case EEXIST:
	case EADDRINUSE:
		return ERR_EXISTS;
	case ENODEV:
	case ENXIO:
	case ENETDOWN:
		return ERR_IFACE;
	case ENETUNREACH:
	case EHOSTUNREACH:
		return ERR_ROUTE;
	default:
		return ERR_IO;
	}
}
