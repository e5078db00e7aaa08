/* SPDX-License-Identifier: Apache-2.0 */
/* A process's links, with the test at the siblings' ends of them. */
#include "proc/peers.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "proc/control.h"

#define FRAME_MAX 64 /* bytes of a test's frame */

struct fixture {
	struct loop *loop;
	struct proc proc;
	struct peers peers;
	int master;       /* its end of our control socket */
	unsigned last_number;
	char story[256];  /* what was called: "+web0 =web0:7 -web0 " */
	int frame_result;
	unsigned number;  /* of the last frame's peer */
	bool send_down;   /* to the peer that goes down */
	bool happened;    /* what run waits for */
};

static void
happen(void *arg)
{
	struct fixture *f = arg;

	f->happened = true;
	loop_stop(f->loop);
}

static void
run(struct fixture *f)
{
	f->happened = false;
	while (!f->happened)
		loop_run(f->loop);
}

static void
tell(struct fixture *f, char what, const struct peer *peer)
{
	size_t len = strlen(f->story);

	snprintf(f->story + len, sizeof(f->story) - len, "%c%s%u ", what,
	    role_name(peer->role), peer->index);
}

static int
on_frame(void *ctx, const struct peer *peer, uint16_t type, uint64_t id,
    struct span payload, struct err *err)
{
	struct fixture *f = ctx;

	tell(f, '=', peer);
	assert_int_equal(type, 7);
	assert_int_equal(id, 8);
	assert_true(span_equal_str(payload, "question"));
	f->number = peer->number;
	happen(f);
	if (f->frame_result < 0)
		return err_set(err, ERR_FRAME, NULL, "nonsense");
	return 0;
}

static void
on_up(void *ctx, const struct peer *peer)
{
	struct fixture *f = ctx;

	tell(f, '+', peer);
	assert_true(peers_has(&f->peers, peer->role));
}

static void
on_down(void *ctx, const struct peer *peer)
{
	struct fixture *f = ctx;

	tell(f, '-', peer);
	/* It is for nobody, and must not reach one that comes after. */
	if (f->send_down)
		peers_send(&f->peers, peer->role, peer->index, 1, 2,
		    SPAN_LIT("late"));
	happen(f);
}

static const struct peers_ops ops = {
	.frame = on_frame,
	.up = on_up,
	.down = on_down,
};

/* The process's end stands where every process has it. */
static int
make_control(void)
{
	int fds[2], master;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
	    fds), 0);
	master = fcntl(fds[0], F_DUPFD_CLOEXEC, CONTROL_FD + 1);
	assert_true(master > CONTROL_FD);
	assert_int_equal(dup2(fds[1], CONTROL_FD), CONTROL_FD);
	for (int i = 0; i < 2; i++) {
		if (fds[i] != CONTROL_FD)
			close(fds[i]);
	}
	return master;
}

/* What master was told: the link of this number, or 0 for nothing. */
static void
expect_lost(struct fixture *f, unsigned number)
{
	uint8_t *buf = mem_alloc(CONTROL_SIZE_MAX);
	struct control control;

	if (control_receive(f->master, buf, &control, NULL) != 1)
		assert_int_equal(number, 0);
	else {
		assert_int_equal(control.type, CONTROL_LINK_LOST);
		assert_int_equal(control.link, number);
	}
	free(buf);
}

static int
setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){ .master = make_control() };
	f.proc.loop = f.loop = loop_new();
	peers_init(&f.peers, &f.proc, &ops, &f);
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	peers_done(&f->peers);
	loop_free(f->loop);
	expect_lost(f, 0);
	close(f->master);
	close(CONTROL_FD);
	return 0;
}

/* Gives the sibling's end. */
static int
join(struct fixture *f, enum role role, unsigned index)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
	    fds), 0);
	peers_on_link(&f->peers, &(struct peer){ role, index,
	    ++f->last_number }, fds[0]);
	return fds[1];
}

static void
ask(struct fixture *f, int fd)
{
	uint8_t frame[FRAME_MAX];
	struct span question = SPAN_LIT("question");

	frame_head(frame, question.len, 7, 8);
	memcpy(frame + FRAME_HEAD_SIZE, question.data, question.len);
	assert_int_equal(write(fd, frame, FRAME_HEAD_SIZE + question.len),
	    FRAME_HEAD_SIZE + question.len);
	run(f);
}

static void
expect_text(int fd, const char *text)
{
	uint8_t frame[FRAME_MAX];
	ssize_t len = recv(fd, frame, sizeof(frame), MSG_DONTWAIT);

	assert_int_equal(len, FRAME_HEAD_SIZE + strlen(text));
	assert_memory_equal(frame + FRAME_HEAD_SIZE, text, strlen(text));
}

/* All that was said has been read, and the link is there or not. */
static void
expect_silence(int fd, bool closed)
{
	uint8_t byte;

	assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), closed ? 0 : -1);
}

/* One turn, in which what was sent leaves. */
static void
turn(struct fixture *f)
{
	struct env env;

	loop_env(f->loop, &env);
	env.timer_start(env.ctx, 0, happen, f);
	run(f);
}

static void
test_sends_by_role_and_index(void **state)
{
	struct fixture *f = *state;
	int web = join(f, ROLE_WEB, 0);
	int first = join(f, ROLE_VALIDATOR, 0);
	int second = join(f, ROLE_VALIDATOR, 1);

	assert_string_equal(f->story, "+web0 +validator0 +validator1 ");
	peers_send(&f->peers, ROLE_VALIDATOR, 1, 1, 2, SPAN_LIT("second"));
	peers_send(&f->peers, ROLE_WEB, 0, 1, 2, SPAN_LIT("web"));
	peers_send(&f->peers, ROLE_VALIDATOR, 2, 1, 2, SPAN_LIT("nobody"));
	peers_send(&f->peers, ROLE_SIGNER, 0, 1, 2, SPAN_LIT("nobody"));
	turn(f);
	expect_text(web, "web");
	expect_text(second, "second");
	expect_silence(first, false);
	assert_false(peers_has(&f->peers, ROLE_SIGNER));
	peers_done(&f->peers);
	assert_string_equal(f->story, "+web0 +validator0 +validator1 ");
	expect_silence(first, true);
	close(web);
	close(first);
	close(second);
}

static void
test_answers_who_asked(void **state)
{
	struct fixture *f = *state;
	int web = join(f, ROLE_WEB, 0);
	int other = join(f, ROLE_WEB, 1);
	int next;

	ask(f, web);
	assert_string_equal(f->story, "+web0 +web1 =web0 ");
	peers_answer(&f->peers, f->number, 1, 8, SPAN_LIT("answer"));
	turn(f);
	expect_text(web, "answer");
	expect_silence(other, false);
	/* Its successor did not ask. */
	next = join(f, ROLE_WEB, 0);
	peers_answer(&f->peers, f->number, 1, 8, SPAN_LIT("answer"));
	turn(f);
	expect_silence(web, true);
	expect_silence(next, false);
	close(web);
	close(other);
	close(next);
}

static void
test_a_new_link_replaces_the_old_one(void **state)
{
	struct fixture *f = *state;
	int core = join(f, ROLE_CORE, 0), next;

	f->send_down = true;
	next = join(f, ROLE_CORE, 0);
	assert_string_equal(f->story, "+core0 -core0 +core0 ");
	expect_silence(core, true);
	peers_send(&f->peers, ROLE_CORE, 0, 1, 2, SPAN_LIT("new"));
	turn(f);
	expect_text(next, "new");
	expect_silence(next, false);
	close(core);
	close(next);
}

static void
test_a_peer_dies(void **state)
{
	struct fixture *f = *state;
	int core = join(f, ROLE_CORE, 0), web = join(f, ROLE_WEB, 3);

	f->send_down = true;
	close(core);
	run(f);
	assert_string_equal(f->story, "+core0 +web3 -core0 ");
	expect_lost(f, 1);
	assert_false(peers_has(&f->peers, ROLE_CORE));
	peers_send(&f->peers, ROLE_CORE, 0, 1, 2, SPAN_LIT("nobody"));
	core = join(f, ROLE_CORE, 0);
	turn(f);
	expect_silence(core, false);
	expect_silence(web, false);
	close(core);
	close(web);
}

static void
test_nonsense_closes_the_link(void **state)
{
	struct fixture *f = *state;
	int web = join(f, ROLE_WEB, 0);

	f->frame_result = -1;
	ask(f, web);
	assert_string_equal(f->story, "+web0 =web0 -web0 ");
	expect_lost(f, 1);
	expect_silence(web, true);
	close(web);
}

/* Roles that need not know leave up and down out. */
static void
test_ops_may_be_few(void **state)
{
	static const struct peers_ops few = { .frame = on_frame };
	struct fixture *f = *state;
	int core;

	peers_init(&f->peers, &f->proc, &few, f);
	core = join(f, ROLE_CORE, 0);
	close(core);
	core = join(f, ROLE_CORE, 0);
	ask(f, core);
	assert_string_equal(f->story, "=core0 ");
	close(core);
	while (peers_has(&f->peers, ROLE_CORE))
		turn(f);
	expect_lost(f, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sends_by_role_and_index,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(test_answers_who_asked,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_a_new_link_replaces_the_old_one, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_peer_dies, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_nonsense_closes_the_link,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(test_ops_may_be_few, setup,
		    teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
