/* SPDX-License-Identifier: Apache-2.0 */
#include "base/slice.h"

#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's struct sched_attr, which linux/sched/types.h gives only beside
 * a second struct sched_param; its first published form has these members. */
struct attr {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime; /* of time sharing: the slice, since Linux 6.12 */
	uint64_t deadline;
	uint64_t period;
};

static bool
get(struct attr *ret)
{
	memset(ret, 0, sizeof(*ret));
	return syscall(SYS_sched_getattr, 0, ret, sizeof(*ret), 0) == 0 &&
	    (ret->policy == SCHED_OTHER || ret->policy == SCHED_BATCH);
}

bool
slice_set(uint64_t ns)
{
	struct attr attr;

	if (!get(&attr))
		return false;
	attr.size = sizeof(attr);
	attr.policy = ns == 0 ? SCHED_OTHER : SCHED_BATCH;
	attr.runtime = ns;
	/* Older kernels take it and forget it. */
	return syscall(SYS_sched_setattr, 0, &attr, 0) == 0 &&
	    get(&attr) && (ns == 0 || attr.runtime == ns);
}

uint64_t
slice_get(void)
{
	struct attr attr;

	return get(&attr) ? attr.runtime : 0;
}
