/**
 * Preloaded into the process of the mock cluster, which listens on 127.0.0.1 and a free port and has no option for
 * anything else: its bind goes to BIND_ADDRESS and BIND_PORT. It asks its socket where it listens before it tells
 * clients, so nothing else has to change.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

int bind(int fd, const struct sockaddr *wanted, socklen_t length)
{
	int (*real)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "bind");
	const char *address = getenv("BIND_ADDRESS");
	const char *port = getenv("BIND_PORT");
	struct sockaddr_in in = { .sin_family = AF_INET };

	if (wanted->sa_family != AF_INET)
		return real(fd, wanted, length);
	if (!address || !port || inet_pton(AF_INET, address, &in.sin_addr) != 1) {
		errno = EINVAL;
		return -1;
	}
	in.sin_port = htons((in_port_t)atoi(port));
	return real(fd, (struct sockaddr *)&in, sizeof(in));
}
