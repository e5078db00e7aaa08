/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What jemalloc, which finds this by its name, does for our processes
 * (docs/decisions/0005). Each has one thread: one arena is enough. It holds on
 * to what a turn of the loop gave back, for the next turn asks for the same
 * again: hundreds of small pieces, and of buffers of 16 KiB and more, for
 * requests that are under way at once: of sizes to 32 KiB, 24 MiB at most. What
 * is not asked for again it gives up piece by piece, at each 16 MiB that are
 * asked for.
 */
#include <jemalloc/jemalloc.h>

const char *malloc_conf = "narenas:1,lg_tcache_nslots_mul:4,"
    "tcache_nslots_large:200,tcache_max:32768,"
    "tcache_gc_incr_bytes:16777216";
