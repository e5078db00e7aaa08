/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_JUDGE_JOB_TELL_H
#define SIGNET_AGENT_JUDGE_JOB_TELL_H

/* job_tell: hooks that are told of one certificate. */

#include "agent/deploy/hook_event.h"
#include "agent/judge/judge_private.h"

/* Calls then once, perhaps at once, with what the last hook printed that
 * printed something; why is of another kind than ERR_NONE where a hook failed
 * that is needed. facts are read before this returns. */
void job_tell(struct job *job, enum hook_event event,
    const struct hook_event_facts *facts,
    void (*then)(struct job *job, const struct err *why, struct span output));
/* then is not called. */
void job_tell_forget(struct job *job);

#endif
