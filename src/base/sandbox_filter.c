/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sandbox_filter.h"

#include <assert.h>
#include <endian.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__) && defined(__LP64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && __BYTE_ORDER == __LITTLE_ENDIAN
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#else
#error "say what seccomp calls this architecture"
#endif

/* x32's numbers; others have none so high. */
#define FOREIGN_CALLS 0x40000000u

#define CODE_MAX 2048
#define JUMP_MAX 255 /* instructions, of a conditional jump */

struct code {
	struct sock_filter at[CODE_MAX];
	size_t len;
};

/* Numbers from first up to the next range's, all treated alike. */
struct range {
	int first;
	uint32_t action;
	bool narrow; /* one call, with rules on its arguments */
};
#define RANGES_MAX (2 * SANDBOX_FILTER_RULES_MAX + 1)

struct ranges {
	struct range at[RANGES_MAX];
	size_t count;
};

void
sandbox_filter_init(struct sandbox_filter *filter, uint32_t others)
{
	filter->others = others;
	filter->count = 0;
}

void
sandbox_filter_add(struct sandbox_filter *filter, uint32_t action, int call,
    size_t num_args, const struct sandbox_filter_arg *args)
{
	struct sandbox_filter_rule *rule;

	if (call < 0)
		return;
	assert(filter->count < SANDBOX_FILTER_RULES_MAX &&
	    num_args <= SANDBOX_FILTER_ARGS_MAX);
	rule = &filter->rules[filter->count++];
	*rule = (struct sandbox_filter_rule){ .call = call, .action = action,
		.num_args = num_args };
	for (size_t i = 0; i < num_args; i++)
		rule->args[i] = args[i];
}

static void
put(struct code *code, uint16_t op, uint8_t if_true, uint8_t if_false,
    uint32_t k)
{
	assert(code->len < CODE_MAX);
	code->at[code->len++] = (struct sock_filter){ op, if_true, if_false,
		k };
}

static void
put_load(struct code *code, size_t offset)
{
	put(code, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

static void
put_return(struct code *code, uint32_t action)
{
	put(code, BPF_RET | BPF_K, 0, 0, action);
}

/* One half of an argument. What does not match jumps to where the rule ends,
 * which is not known yet. */
static void
put_half(struct code *code, unsigned arg, bool high, uint32_t mask,
    uint32_t value)
{
	bool second = high == (__BYTE_ORDER == __LITTLE_ENDIAN);

	if (mask == 0)
		return;
	put_load(code, offsetof(struct seccomp_data, args) +
	    (size_t)8 * arg + (second ? 4 : 0));
	if (mask != UINT32_MAX)
		put(code, BPF_ALU | BPF_AND | BPF_K, 0, 0, mask);
	put(code, BPF_JMP | BPF_JEQ | BPF_K, 0, JUMP_MAX, value);
}

static void
put_rule(struct code *code, const struct sandbox_filter_rule *rule)
{
	size_t from = code->len;

	for (size_t i = 0; i < rule->num_args; i++) {
		const struct sandbox_filter_arg *arg = &rule->args[i];

		put_half(code, arg->arg, false, (uint32_t)arg->mask,
		    (uint32_t)arg->value);
		put_half(code, arg->arg, true, (uint32_t)(arg->mask >> 32),
		    (uint32_t)(arg->value >> 32));
	}
	put_return(code, rule->action);
	for (size_t i = from; i < code->len; i++) {
		if (code->at[i].jf == JUMP_MAX)
			code->at[i].jf = (uint8_t)(code->len - i - 1);
	}
}

static void
put_range(struct code *code, const struct sandbox_filter *filter,
    const struct range *range)
{
	for (size_t i = 0; range->narrow && i < filter->count; i++) {
		if (filter->rules[i].call == range->first)
			put_rule(code, &filter->rules[i]);
	}
	put_return(code, range->action);
}

/* By halves. The shorter it all is, the sooner has the kernel tried each number
 * and made machine code of it. */
static void
put_ranges(struct code *code, const struct sandbox_filter *filter,
    const struct range *ranges, size_t count)
{
	size_t half = count / 2, jump = code->len, over;

	if (count == 1) {
		put_range(code, filter, ranges);
		return;
	}
	put(code, BPF_JMP | BPF_JGE | BPF_K, 0, 1,
	    (uint32_t)ranges[half].first);
	put(code, BPF_JMP | BPF_JA, 0, 0, 0);
	put_ranges(code, filter, ranges, half);
	over = code->len - jump - 2;
	if (over <= JUMP_MAX) {
		/* The long jump is not needed. */
		memmove(&code->at[jump + 1], &code->at[jump + 2],
		    over * sizeof(code->at[0]));
		code->len--;
		code->at[jump].jt = (uint8_t)over;
		code->at[jump].jf = 0;
	} else {
		code->at[jump + 1].k = (uint32_t)over;
	}
	put_ranges(code, filter, ranges + half, count - half);
}

static void
add_range(struct ranges *ranges, struct range range)
{
	struct range *last;

	if (ranges->count > 0) {
		last = &ranges->at[ranges->count - 1];
		if (last->first == range.first) {
			*last = range;
			return;
		}
		if (!last->narrow && !range.narrow &&
		    last->action == range.action)
			return;
	}
	ranges->at[ranges->count++] = range;
}

/* Those that rules are about, each once, in order of their numbers. */
static size_t
sort_calls(const struct sandbox_filter *filter,
    int calls[SANDBOX_FILTER_RULES_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < filter->count; i++) {
		int call = filter->rules[i].call;
		size_t at = count;

		while (at > 0 && calls[at - 1] > call)
			at--;
		if (at > 0 && calls[at - 1] == call)
			continue;
		memmove(&calls[at + 1], &calls[at],
		    (count - at) * sizeof(calls[0]));
		calls[at] = call;
		count++;
	}
	return count;
}

static struct range
range_of(const struct sandbox_filter *filter, int call)
{
	for (size_t i = 0; i < filter->count; i++) {
		const struct sandbox_filter_rule *rule = &filter->rules[i];

		if (rule->call == call && rule->num_args == 0)
			return (struct range){ call, rule->action, false };
	}
	return (struct range){ call, filter->others, true };
}

static void
make_ranges(const struct sandbox_filter *filter, struct ranges *ret)
{
	int calls[SANDBOX_FILTER_RULES_MAX];
	size_t count = sort_calls(filter, calls);

	ret->count = 0;
	add_range(ret, (struct range){ 0, filter->others, false });
	for (size_t i = 0; i < count; i++) {
		add_range(ret, range_of(filter, calls[i]));
		if (i + 1 == count || calls[i + 1] != calls[i] + 1)
			add_range(ret, (struct range){ calls[i] + 1,
			    filter->others, false });
	}
}

static void
compile(struct code *code, const struct sandbox_filter *filter)
{
	struct ranges ranges;

	make_ranges(filter, &ranges);
	code->len = 0;
	put_load(code, offsetof(struct seccomp_data, arch));
	put(code, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, ARCHITECTURE);
	put_return(code, SECCOMP_RET_KILL_PROCESS);
	put_load(code, offsetof(struct seccomp_data, nr));
	put(code, BPF_JMP | BPF_JGE | BPF_K, 0, 1, FOREIGN_CALLS);
	put_return(code, SECCOMP_RET_KILL_PROCESS);
	put_ranges(code, filter, ranges.at, ranges.count);
}

int
sandbox_filter_enter(const struct sandbox_filter *filter, struct err *err)
{
	struct code code;
	struct sock_fprog program = { .filter = code.at };

	compile(&code, filter);
	program.len = (unsigned short)code.len;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
		return err_errno(err, "seccomp refuses the filter");
	return 0;
}
