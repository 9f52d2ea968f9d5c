/* SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
 * SPDX-License-Identifier: MIT
 *
 * Preloaded, it shifts the wall clock of a process by the seconds that a file holds (a double), which may change at
 * any time. Other clocks are left alone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

static const volatile double *shift;

__attribute__((constructor)) static void open_shift(void)
{
    int descriptor = open(getenv("WALLCLOCK_SHIFT"), O_RDONLY | O_CLOEXEC);
    void *mapped = descriptor < 0 ? MAP_FAILED : mmap(0, sizeof(double), PROT_READ, MAP_SHARED, descriptor, 0);
    if (mapped != MAP_FAILED)
        shift = mapped;
}

static time_t seconds(void)
{
    return shift ? (time_t)*shift : 0;
}

int clock_gettime(clockid_t id, struct timespec *now)
{
    static int (*real)(clockid_t, struct timespec *);
    if (!real)
        real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(id, now);
    if (!failed && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        now->tv_sec += seconds();
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec precise;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *result)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (result)
        *result = now.tv_sec;
    return now.tv_sec;
}
