/* SPDX-License-Identifier: Apache-2.0 */
#include "proc/control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cur.h"

/* The two programs are of one build: their messages carry no versions of
 * their own. */
#define BUILD SIGNET_VERSION

union ancillary {
	struct cmsghdr align;
	char buf[CMSG_SPACE(CONTROL_FDS_MAX * sizeof(int))];
};

static bool
has_config(enum control_type type)
{
	return type == CONTROL_START || type == CONTROL_PREPARE;
}

static bool
has_link(enum control_type type)
{
	return type == CONTROL_LINK || type == CONTROL_LINK_LOST;
}

static bool
has_peer(enum control_type type)
{
	return type == CONTROL_START || has_link(type);
}

void
control_encode(struct bld *out, const struct control *control)
{
	bld_u8(out, (uint8_t)control->type);
	if (control->type == CONTROL_START)
		bld_span16(out, span_str(BUILD));
	if (has_peer(control->type)) {
		bld_u8(out, (uint8_t)control->role);
		bld_u16(out, (uint16_t)control->index);
	}
	if (has_link(control->type))
		bld_u32(out, control->link);
	if (has_config(control->type)) {
		bld_span32(out, control->config);
		bld_u16(out, (uint16_t)control->num_fds);
		for (size_t i = 0; i < control->num_fds; i++)
			bld_u8(out, (uint8_t)control->resources[i]);
	}
	if (control->type == CONTROL_ANSWER)
		bld_span16(out, control->text);
}

static void
decode_resources(struct cur *cur, struct control *ret)
{
	ret->num_fds = cur_count(cur, CONTROL_FDS_MAX);
	for (size_t i = 0; i < ret->num_fds; i++)
		ret->resources[i] = (enum resource)cur_enum(cur, 1,
		    RESOURCE_COUNT - 1);
}

int
control_decode(struct span in, struct control *ret)
{
	struct cur cur = CUR_OF(in);

	*ret = (struct control){ 0 };
	ret->type = (enum control_type)cur_u8(&cur);
	if ((ret->type < CONTROL_START || ret->type > CONTROL_PING) &&
	    (ret->type < CONTROL_READY || ret->type > CONTROL_PONG))
		cur.failed = true;
	if (ret->type == CONTROL_START &&
	    !span_equal_str(cur_span16(&cur), BUILD))
		cur.failed = true;
	if (has_peer(ret->type)) {
		ret->role = (enum role)cur_enum(&cur, ROLE_MASTER,
		    ROLE_COUNT - 1);
		ret->index = cur_u16(&cur);
	}
	if (has_link(ret->type))
		ret->link = cur_u32(&cur);
	if (has_config(ret->type)) {
		ret->config = cur_span32(&cur);
		decode_resources(&cur, ret);
	}
	if (ret->type == CONTROL_LINK)
		ret->num_fds = 1;
	if (ret->type == CONTROL_ANSWER)
		ret->text = cur_span16(&cur);
	return cur_end(&cur);
}

static int
send_message(int fd, struct span message, const struct control *control,
    struct err *err)
{
	const size_t fds_size = control->num_fds * sizeof(int);
	union ancillary ancillary = { 0 };
	struct iovec iov;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	memcpy(&iov.iov_base, &message.data, sizeof(iov.iov_base));
	iov.iov_len = message.len;
	if (control->num_fds > 0) {
		msg.msg_control = ancillary.buf;
		msg.msg_controllen = CMSG_SPACE(fds_size);
		cmsg = &ancillary.align; /* the first, for which it has room */
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(fds_size);
		memcpy(CMSG_DATA(cmsg), control->fds, fds_size);
	}
	while (sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		if (errno == EAGAIN)
			return err_set(err, ERR_BUSY, NULL,
			    "the other side does not read its messages");
		if (errno != EINTR)
			return err_errno(err, "cannot send a message");
	}
	return 0;
}

int
control_send(int fd, const struct control *control, struct err *err)
{
	struct bld out;
	int r;

	bld_init(&out, CONTROL_SIZE_MAX);
	control_encode(&out, control);
	r = bld_end(&out);
	if (r < 0)
		r = err_set(err, ERR_INTERNAL, NULL,
		    "a message of more than %d bytes", CONTROL_SIZE_MAX);
	else
		r = send_message(fd, bld_view(&out), control, err);
	bld_free(&out);
	return r;
}

static size_t
collect_fds(struct msghdr *msg, int fds[CONTROL_FDS_MAX])
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);
	size_t size;

	if (cmsg == NULL || cmsg->cmsg_level != SOL_SOCKET ||
	    cmsg->cmsg_type != SCM_RIGHTS)
		return 0;
	size = cmsg->cmsg_len - CMSG_LEN(0);
	memcpy(fds, CMSG_DATA(cmsg), size);
	return size / sizeof(int);
}

int
control_receive(int fd, uint8_t buf[CONTROL_SIZE_MAX], struct control *ret,
    struct err *err)
{
	union ancillary ancillary;
	struct iovec iov = { buf, CONTROL_SIZE_MAX };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = ancillary.buf,
		.msg_controllen = sizeof(ancillary.buf) };
	int fds[CONTROL_FDS_MAX] = { 0 };
	size_t num_fds;
	ssize_t n;
	int r;

	*ret = (struct control){ 0 };
	n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return err_set(err, ERR_BUSY, NULL, "no message");
	if (n < 0 && errno != ECONNRESET)
		return err_errno(err, "cannot receive a message");
	if (n <= 0)
		return 0;
	num_fds = collect_fds(&msg, fds);
	r = control_decode(span_of(buf, (size_t)n), ret);
	memcpy(ret->fds, fds, sizeof(fds));
	if (r == 0 && ret->num_fds == num_fds &&
	    (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0)
		return 1;
	ret->num_fds = num_fds;
	control_close_fds(ret);
	return err_set(err, ERR_FRAME, NULL, "a control message of type %d is "
	    "not of its form; are signetd and signetd-signer of one version?",
	    (int)ret->type);
}

void
control_close_fds(const struct control *control)
{
	for (size_t i = 0; i < control->num_fds; i++)
		close(control->fds[i]);
}
