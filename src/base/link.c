/* SPDX-License-Identifier: Apache-2.0 */
#include "base/link.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

#define OUT_KEEP_MAX 65536 /* bytes of memory kept when nothing is queued */

struct link {
	struct loop *loop;
	int fd;
	const struct link_ops *ops;
	void *ctx;
	struct event *readable;
	struct event *writable;
	struct frame_parser parser;
	uint8_t *out;           /* from out_at to out_len is not sent yet */
	size_t out_at;
	size_t out_len;
	size_t out_cap;
	struct loop_flush flush;
	bool wipes;             /* leaves nothing behind that it carried */
	bool inside;            /* a handler runs: free later */
	bool freed;             /* by a handler */
	bool failed;            /* closed is called in the next turn */
	struct err err;         /* why, if failed */
};

static void
wipe_out(const struct link *link, size_t from, size_t to)
{
	if (link->wipes && to > from)
		mem_wipe(link->out + from, to - from);
}

static void
release(struct link *link)
{
	loop_flush_cancel(link->loop, &link->flush);
	event_free(link->readable);
	event_free(link->writable);
	close(link->fd);
	frame_parser_done(&link->parser);
	wipe_out(link, 0, link->out_len);
	free(link->out);
	free(link);
}

/* Says closed once, then frees, also when the handler called link_free. */
static void
close_for(struct link *link, const struct err *err)
{
	struct err copy = *err;

	link->inside = true;
	link->ops->closed(link->ctx, &copy);
	release(link);
}

/* Outside of handlers nobody expects closed: it comes with the next turn. */
static void
fail_later(struct link *link, const struct err *err)
{
	if (link->failed)
		return;
	link->failed = true;
	link->err = *err;
	event_active(link->readable, EV_READ, 0);
}

static int
on_frame(void *ctx, const struct frame *frame, struct err *err)
{
	struct link *link = ctx;
	int r;

	r = link->ops->frame(link->ctx, frame->type, frame->id,
	    frame->payload, err);
	/* Freed by its handler: no more frames. */
	return link->freed ? -(int)ERR_CONFLICT : r;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct link *link = arg;
	uint8_t *scratch = loop_scratch(link->loop);
	struct err err = ERR_INIT;
	ssize_t n;
	int r;

	(void)what;
	if (link->failed) {
		close_for(link, &link->err);
		return;
	}
	n = recv(fd, scratch, LOOP_SCRATCH_SIZE, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		/* A reset is a peer's death with words unread: a plain end. */
		if (n < 0 && errno != ECONNRESET)
			err_errno(&err, "cannot read from a link");
		close_for(link, &err);
		return;
	}
	link->inside = true;
	r = frame_feed(&link->parser, span_of(scratch, (size_t)n), on_frame,
	    link, &err);
	link->inside = false;
	if (link->wipes)
		mem_wipe(scratch, (size_t)n);
	if (link->freed)
		release(link);
	else if (r < 0)
		close_for(link, &err);
}

static void
drop_out(struct link *link)
{
	/* A peer that is gone leaves some unsent. */
	wipe_out(link, link->out_at, link->out_len);
	link->out_at = link->out_len = 0;
	if (link->out_cap > OUT_KEEP_MAX) {
		free(link->out);
		link->out = NULL;
		link->out_cap = 0;
	}
}

/* Sends what the socket takes. */
static void
send_out(struct link *link)
{
	struct err err = ERR_INIT;
	ssize_t n;

	while (!link->failed && link->out_at < link->out_len) {
		n = send(link->fd, link->out + link->out_at,
		    link->out_len - link->out_at, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			event_add(link->writable, NULL);
			return;
		}
		if (n < 0) {
			if (errno != EPIPE && errno != ECONNRESET)
				err_errno(&err, "cannot write to a link");
			/* What the peer said before it died is still read;
			 * then comes its end. */
			if (err.kind != ERR_NONE)
				fail_later(link, &err);
			break;
		}
		wipe_out(link, link->out_at, link->out_at + (size_t)n);
		link->out_at += (size_t)n;
	}
	drop_out(link);
}

static void
on_flush(struct loop_flush *item)
{
	struct link *link = (struct link *)(void *)((char *)item -
	    offsetof(struct link, flush));

	send_out(link);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	send_out(arg);
}

struct link *
link_new(struct loop *loop, int fd, const struct link_ops *ops, void *ctx)
{
	struct link *link = mem_zalloc(sizeof(*link));

	link->loop = loop;
	link->fd = fd;
	link->ops = ops;
	link->ctx = ctx;
	link->flush.flush = on_flush;
	link->readable = event_new(loop_base(loop), fd, EV_READ | EV_PERSIST,
	    on_readable, link);
	link->writable = event_new(loop_base(loop), fd, EV_WRITE, on_writable,
	    link);
	assert(link->readable != NULL && link->writable != NULL);
	event_add(link->readable, NULL);
	return link;
}

void
link_wipes(struct link *link)
{
	link->wipes = link->parser.secret = true;
}

void
link_free(struct link *link)
{
	if (link == NULL || link->freed)
		return;
	link->freed = true;
	send_out(link);
	if (!link->inside)
		release(link);
}

/* Makes room behind out_len: what is sent already goes first. */
static void
make_room(struct link *link, size_t len)
{
	size_t cap = link->out_cap;

	if (link->out_at > 0 && link->out_at >= link->out_len / 2) {
		size_t end = link->out_len;

		memmove(link->out, link->out + link->out_at,
		    link->out_len - link->out_at);
		link->out_len -= link->out_at;
		link->out_at = 0;
		wipe_out(link, link->out_len, end);
	}
	if (link->out_len + len <= cap)
		return;
	if (cap == 0)
		cap = 4096;
	while (cap < link->out_len + len)
		cap *= 2;
	link->out = mem_grow(link->out, link->out_len, link->out_cap, cap,
	    link->wipes);
	link->out_cap = cap;
}

void
link_send(struct link *link, uint16_t type, uint64_t id, struct span payload)
{
	struct err err;

	assert(payload.len <= LINK_PAYLOAD_MAX);
	if (link->freed || link->failed)
		return;
	if (link_backlog(link) + payload.len > LINK_BACKLOG_MAX) {
		err_set(&err, ERR_BUSY, NULL,
		    "the peer does not read: %zu bytes wait for it",
		    link_backlog(link));
		fail_later(link, &err);
		return;
	}
	make_room(link, FRAME_HEAD_SIZE + payload.len);
	frame_head(link->out + link->out_len, payload.len, type, id);
	if (payload.len > 0)
		memcpy(link->out + link->out_len + FRAME_HEAD_SIZE,
		    payload.data, payload.len);
	link->out_len += FRAME_HEAD_SIZE + payload.len;
	loop_flush_later(link->loop, &link->flush);
}

size_t
link_backlog(const struct link *link)
{
	return link->out_len - link->out_at;
}
