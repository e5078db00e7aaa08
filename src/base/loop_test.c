/* SPDX-License-Identifier: Apache-2.0 */
#include "base/loop.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

/* What happened, in its order, one letter each. */
struct trace {
	struct loop *loop;
	struct env env;
	struct env_timer *other;
	char text[64];
	size_t len;
	struct loop_flush flush;
};

static void
add(struct trace *trace, char c)
{
	trace->text[trace->len++] = c;
	trace->text[trace->len] = '\0';
}

static void
hook_a(void *arg)
{
	add(arg, 'a');
}

static void
hook_b(void *arg)
{
	struct trace *trace = arg;

	add(trace, 'b');
	if (trace->len == 3)
		loop_flush_later(trace->loop, &trace->flush);
}

static void
on_flush(struct loop_flush *item)
{
	struct trace *trace = (struct trace *)(void *)((char *)item -
	    offsetof(struct trace, flush));

	add(trace, 'f');
}

static void
on_first(void *arg)
{
	struct trace *trace = arg;

	add(trace, '1');
	trace->env.timer_cancel(trace->env.ctx, trace->other);
	loop_flush_later(trace->loop, &trace->flush);
	loop_flush_later(trace->loop, &trace->flush);
}

static void
on_second(void *arg)
{
	struct trace *trace = arg;

	add(trace, '2');
	loop_stop(trace->loop);
}

static void
turns_end_with_hooks_and_then_flushes(void **state)
{
	struct trace t = { .loop = loop_new(), .flush.flush = on_flush };

	(void)state;
	loop_env(t.loop, &t.env);
	loop_hook_add(t.loop, hook_a, &t);
	loop_hook_add(t.loop, hook_b, &t);
	t.env.timer_start(t.env.ctx, 0, on_first, &t);
	t.other = t.env.timer_start(t.env.ctx, 5, on_second, &t);
	t.env.timer_start(t.env.ctx, 20, on_second, &t);
	loop_run(t.loop);
	/* Once before the first turn, then after each. */
	assert_string_equal(t.text, "ab1abf2ab");
	loop_free(t.loop);
}

static void
a_flush_that_is_cancelled_does_not_come(void **state)
{
	struct trace t = { .loop = loop_new(), .flush.flush = on_flush };

	(void)state;
	loop_hook_add(t.loop, hook_a, &t);
	loop_hook_add(t.loop, hook_b, &t);
	loop_flush_later(t.loop, &t.flush);
	loop_flush_cancel(t.loop, &t.flush);
	/* With nothing to wait for it ends by itself. */
	loop_run(t.loop);
	assert_string_equal(t.text, "abab");
	loop_free(t.loop);
}

static void
env_is_the_real_world(void **state)
{
	struct loop *loop = loop_new();
	uint8_t a[16] = { 0 }, b[16] = { 0 };
	struct env env;

	(void)state;
	loop_env(loop, &env);
	assert_in_range(env_now(&env), 1600000000000, 9999999999999);
	env_random(&env, a, sizeof(a));
	env_random(&env, b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	assert_null(env.resolve);
	loop_free(loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(turns_end_with_hooks_and_then_flushes),
		cmocka_unit_test(a_flush_that_is_cancelled_does_not_come),
		cmocka_unit_test(env_is_the_real_world),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
