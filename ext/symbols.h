/* Which version of a function the library asks its C library for.
 *
 * When glibc took libpthread in (2.32 and 2.34) these three got a second version name, with the same code behind both. A
 * linker takes the newest, and so a library that was linked on Debian 12 would not load on any older system. Asked for by
 * their first name they are found by both: manylinux_2_17 instead of manylinux_2_34.
 */
#pragma once
#ifdef __linux__
#include <features.h> /* says whether it is glibc; other libraries have no versions */
#endif

#if defined(__GLIBC__) && defined(__x86_64__)
#define FIRST_VERSION "GLIBC_2.2.5"
#elif defined(__GLIBC__) && defined(__aarch64__)
#define FIRST_VERSION "GLIBC_2.17"
#endif

#ifdef FIRST_VERSION
__asm__(".symver pthread_create, pthread_create@" FIRST_VERSION);
__asm__(".symver pthread_detach, pthread_detach@" FIRST_VERSION);
__asm__(".symver pthread_sigmask, pthread_sigmask@" FIRST_VERSION);
#endif
