/* SPDX-License-Identifier: Apache-2.0 */
#include "base/link.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bld.h"
#include "base/mem.h"
#include "base/sanitized.h"

#define BIG (700 * 1024) /* bytes: more than a socketpair takes at once */

struct end {
	struct loop *loop;
	struct link *link;
	size_t frames;
	size_t bytes;
	uint64_t last_id;
	int answer;        /* what the frame handler returns */
	size_t stop_at;    /* frames after which the loop stops */
	size_t free_at;    /* frames after which the handler frees the link */
	bool closed;
	enum err_kind closed_kind;
	bool echo;
};

static int
on_frame(void *ctx, uint16_t type, uint64_t id, struct span payload,
    struct err *err)
{
	struct end *end = ctx;

	end->frames++;
	end->bytes += payload.len;
	end->last_id = id;
	for (size_t i = 0; i < payload.len; i++)
		assert_int_equal(payload.data[i], (uint8_t)(i * 31 + id));
	if (end->echo)
		link_send(end->link, type, id, payload);
	if (end->frames == end->free_at) {
		link_free(end->link);
		end->link = NULL;
	}
	if (end->frames == end->stop_at)
		loop_stop(end->loop);
	if (end->answer < 0)
		err_set(err, ERR_FRAME, NULL, "no such type %u", type);
	return end->answer;
}

static void
on_closed(void *ctx, const struct err *err)
{
	struct end *end = ctx;

	end->closed = true;
	end->closed_kind = err->kind;
	end->link = NULL;
	loop_stop(end->loop);
}

static const struct link_ops ops = { on_frame, on_closed };

static void
pair(struct loop *loop, struct end *a, struct end *b)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
	    fds), 0);
	a->loop = b->loop = loop;
	a->link = link_new(loop, fds[0], &ops, a);
	b->link = link_new(loop, fds[1], &ops, b);
}

/* One end as a link, the other as a bare descriptor. */
static int
half(struct loop *loop, struct end *a)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
	    fds), 0);
	a->loop = loop;
	a->link = link_new(loop, fds[0], &ops, a);
	return fds[1];
}

static void
send_pattern(struct link *link, uint64_t id, size_t len)
{
	cleanup_free uint8_t *data = mem_alloc(len);

	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)(i * 31 + id);
	link_send(link, 7, id, span_of(data, len));
}

static void
frames_arrive_whole_and_in_order(void **state)
{
	static const size_t sizes[] = { 0, 1, 13, 14, 15, 4096, 65522, 65536,
	    BIG, 0, LINK_PAYLOAD_MAX, 3 };
	const size_t count = sizeof(sizes) / sizeof(sizes[0]);
	struct loop *loop = loop_new();
	struct end a = { 0 }, b = { .echo = true };

	(void)state;
	pair(loop, &a, &b);
	a.stop_at = count;
	for (size_t i = 0; i < count; i++)
		send_pattern(a.link, i, sizes[i]);
	loop_run(loop);
	assert_int_equal(b.frames, count);
	assert_int_equal(a.frames, count);
	assert_int_equal(a.last_id, count - 1);
	assert_int_equal(link_backlog(a.link), 0);
	link_free(a.link);
	link_free(b.link);
	loop_free(loop);
}

static void
one_turn_is_one_write(void **state)
{
	struct loop *loop = loop_new();
	struct end a = { 0 };
	uint8_t buf[256];
	int fd;

	(void)state;
	fd = half(loop, &a);
	for (uint64_t id = 0; id < 5; id++)
		send_pattern(a.link, id, 2);
	assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), -1);
	a.stop_at = 1;
	assert_int_equal(write(fd, "\0\0\0\0\0\1\0\0\0\0\0\0\0\0", 14), 14);
	loop_run(loop);
	assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT),
	    5 * (FRAME_HEAD_SIZE + 2));
	link_free(a.link);
	close(fd);
	loop_free(loop);
}

struct closing {
	const char *name;
	const char *bytes;
	size_t len;
	int answer;
	enum err_kind kind;
	size_t frames;
};

static const struct closing closings[] = {
	{ "end of file", "", 0, 0, ERR_NONE, 0 },
	{ "end within a head", "\0\0\0", 3, 0, ERR_NONE, 0 },
	{ "end within a payload", "\0\0\0\5\0\1\0\0\0\0\0\0\0\0ab", 16, 0,
	    ERR_NONE, 0 },
	{ "one byte too long", "\0\x10\0\1\0\1\0\0\0\0\0\0\0\0", 14, 0,
	    ERR_FRAME, 0 },
	{ "length of 4 GiB", "\xff\xff\xff\xff\0\1\0\0\0\0\0\0\0\0", 14, 0,
	    ERR_FRAME, 0 },
	{ "handler refuses", "\0\0\0\0\0\1\0\0\0\0\0\0\0\0"
	    "\0\0\0\0\0\1\0\0\0\0\0\0\0\0", 28, -ERR_FRAME, ERR_FRAME, 1 },
};

static void
bad_peers_are_closed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(closings) / sizeof(closings[0]); i++) {
		const struct closing *c = &closings[i];
		struct loop *loop = loop_new();
		struct end a = { .answer = c->answer };
		int fd = half(loop, &a);

		assert_int_equal(write(fd, c->bytes, c->len), c->len);
		shutdown(fd, SHUT_WR);
		loop_run(loop);
		if (!a.closed || a.closed_kind != c->kind ||
		    a.frames != c->frames)
			fail_msg("%s: closed=%d kind=%s frames=%zu", c->name,
			    a.closed, err_kind_name(a.closed_kind), a.frames);
		close(fd);
		loop_free(loop);
	}
}

static void
a_handler_may_free_its_link(void **state)
{
	struct loop *loop = loop_new();
	struct end a = { .free_at = 2, .stop_at = 2, .echo = true };
	int fd = half(loop, &a);

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(write(fd,
		    "\0\0\0\0\0\1\0\0\0\0\0\0\0\0", 14), 14);
	loop_run(loop);
	assert_int_equal(a.frames, 2);
	assert_false(a.closed);
	close(fd);
	loop_free(loop);
}

static void
a_dead_peer_ends_the_link_once(void **state)
{
	struct loop *loop = loop_new();
	struct end a = { 0 };
	int fd = half(loop, &a);

	(void)state;
	close(fd);
	send_pattern(a.link, 1, BIG);
	loop_run(loop);
	assert_true(a.closed);
	assert_int_equal(a.closed_kind, ERR_NONE);
	loop_free(loop);
}

static void
a_peer_that_never_reads_is_given_up(void **state)
{
	struct loop *loop = loop_new();
	struct end a = { 0 };
	int fd = half(loop, &a);

	(void)state;
	for (int i = 0; i < LINK_BACKLOG_MAX / LINK_PAYLOAD_MAX + 1; i++)
		link_send(a.link, 1, 1, SPAN_NONE),
		send_pattern(a.link, 1, LINK_PAYLOAD_MAX);
	loop_run(loop);
	assert_true(a.closed);
	assert_int_equal(a.closed_kind, ERR_BUSY);
	close(fd);
	loop_free(loop);
}

/* Whether the C library's heap holds len bytes of the pattern. */
static bool
is_in_heap(size_t len)
{
	unsigned long from = 0, to = 0;
	const uint8_t *at, *end;
	char line[512];
	size_t same = 0;
	FILE *maps = fopen("/proc/self/maps", "r");

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps) != NULL) {
		if (strstr(line, "[heap]") != NULL)
			assert_int_equal(sscanf(line, "%lx-%lx", &from, &to),
			    2);
	}
	fclose(maps);
	assert_true(from < to);
	end = (const uint8_t *)to; /* NOLINT(performance-no-int-to-ptr) */
	/* NOLINTNEXTLINE(performance-no-int-to-ptr) */
	for (at = (const uint8_t *)from; at < end && same < len; at++)
		same = at[0] == (uint8_t)(at[-(same > 0)] + 37) || same == 0 ?
		    same + 1 : 0;
	return same == len;
}

/* What could not be sent is wiped, too. */
static void
a_link_that_wipes_leaves_nothing(void **state)
{
	struct loop *loop;
	struct end a = { 0 };
	uint8_t data[20000];

	(void)state;
	if (SANITIZED)
		skip(); /* their heap is another */
	loop = loop_new();
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 37);
	close(half(loop, &a));
	link_wipes(a.link);
	link_send(a.link, 7, 0, span_of(data, sizeof(data)));
	assert_true(is_in_heap(10000));
	loop_run(loop);
	assert_true(a.closed);
	assert_false(is_in_heap(10000));
	loop_free(loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_arrive_whole_and_in_order),
		cmocka_unit_test(one_turn_is_one_write),
		cmocka_unit_test(bad_peers_are_closed),
		cmocka_unit_test(a_handler_may_free_its_link),
		cmocka_unit_test(a_dead_peer_ends_the_link_once),
		cmocka_unit_test(a_peer_that_never_reads_is_given_up),
		cmocka_unit_test(a_link_that_wipes_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
