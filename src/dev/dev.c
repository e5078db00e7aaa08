/* SPDX-License-Identifier: Apache-2.0 */
#include "dev/dev.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "rpc/dev_core.h"

#define BODY_MAX (256 * 1024) /* bytes of an answer */
#define PATH_STATUS "/cert-status-by-serial/"

struct question {
	uint64_t id; /* 0: free */
	uint64_t exchange;
	size_t serial_len;
	uint8_t serial[DEV_CORE_SERIAL_MAX];
};

struct dev {
	const struct dev_files *files;
	const struct dev_ops *ops;
	void *ctx;
	bool core_is_up;
	uint64_t last_id;
	struct bld body;
	struct question questions[DEV_QUESTIONS_MAX];
};

static const struct {
	const char *path;
	size_t file; /* offset in struct dev_files */
	const char *type;
} files[] = {
	{ "/roots/0", offsetof(struct dev_files, root),
	    "application/pem-certificate-chain" },
	{ "/root-keys/0", offsetof(struct dev_files, root_key),
	    "application/x-pem-file" },
	{ "/intermediates/0", offsetof(struct dev_files, issuer),
	    "application/pem-certificate-chain" },
	{ "/intermediate-keys/0", offsetof(struct dev_files, issuer_key),
	    "application/x-pem-file" },
};

struct dev *
dev_new(const struct dev_files *dev_files, const struct dev_ops *ops,
    void *ctx)
{
	struct dev *dev = mem_zalloc(sizeof(*dev));

	dev->files = dev_files;
	dev->ops = ops;
	dev->ctx = ctx;
	bld_init(&dev->body, BODY_MAX);
	return dev;
}

void
dev_free(struct dev *dev)
{
	if (dev == NULL)
		return;
	bld_free(&dev->body);
	free(dev);
}

static void
respond(struct dev *dev, uint64_t exchange, int status, const char *type,
    struct span body)
{
	const struct http_response response = {
		.status = status, .content_type = type, .body = body,
	};

	dev->ops->respond(dev->ctx, exchange, &response);
}

static void
respond_text(struct dev *dev, uint64_t exchange, int status, const char *text)
{
	respond(dev, exchange, status, "text/plain", span_str(text));
}

static struct question *
find_question(struct dev *dev, uint64_t id)
{
	for (size_t i = 0; i < DEV_QUESTIONS_MAX; i++) {
		if (dev->questions[i].id == id)
			return &dev->questions[i];
	}
	return NULL;
}

/* Hexadecimal as people write numbers: any count of digits. */
static int
read_serial(struct span hex, struct question *question)
{
	struct bld even, serial;
	int r;

	while (hex.len > 1 && hex.data[0] == '0')
		hex = span_from(hex, 1);
	bld_init(&even, 2 * sizeof(question->serial));
	bld_init(&serial, sizeof(question->serial));
	if (hex.len % 2 != 0)
		bld_u8(&even, '0');
	bld_span(&even, hex);
	r = bld_end(&even);
	if (r == 0)
		r = text_unhex(&serial, bld_view(&even));
	if (r == 0 && serial.len == 0)
		r = -(int)ERR_MALFORMED;
	if (r == 0)
		memcpy(question->serial, serial.data, serial.len);
	question->serial_len = serial.len;
	bld_free(&serial);
	bld_free(&even);
	return r;
}

static void
ask_status(struct dev *dev, struct span hex, uint64_t exchange)
{
	struct question *question = find_question(dev, 0);
	struct dev_core_request request;

	if (question == NULL || !dev->core_is_up) {
		respond_text(dev, exchange, 503, "try again\n");
		return;
	}
	if (read_serial(hex, question) != 0) {
		respond_text(dev, exchange, 400,
		    "the serial number is not hexadecimal\n");
		return;
	}
	question->id = ++dev->last_id;
	question->exchange = exchange;
	request.serial = span_of(question->serial, question->serial_len);
	bld_reset(&dev->body);
	dev_core_request_encode(&dev->body, &request);
	dev->ops->ask(dev->ctx, question->id, DEV_CORE_CERTIFICATE_BY_SERIAL,
	    bld_view(&dev->body));
}

void
dev_request(struct dev *dev, const struct http_request *request,
    uint64_t exchange)
{
	const struct span status = SPAN_LIT(PATH_STATUS);

	if (request->method != HTTP_GET && request->method != HTTP_HEAD) {
		respond_text(dev, exchange, 405, "only GET and HEAD\n");
		return;
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (!span_equal_str(request->path, files[i].path))
			continue;
		respond(dev, exchange, 200, files[i].type,
		    *(const struct span *)((const char *)dev->files +
		    files[i].file));
		return;
	}
	if (span_starts_with(request->path, status))
		ask_status(dev, span_from(request->path, status.len),
		    exchange);
	else
		respond_text(dev, exchange, 404, "there is no such page\n");
}

void
dev_refused(struct dev *dev, int status, const char *why, uint64_t exchange)
{
	respond_text(dev, exchange, status, why);
}

/* As Pebble says it: {"Status", "Serial", "Certificate"}, and for revoked
 * ones why and when. */
static void
put_status(struct bld *out, const struct question *question,
    const struct dev_core_answer *answer)
{
	struct span serial = span_of(question->serial, question->serial_len);
	bool revoked = answer->status == DEV_CORE_REVOKED;
	char time[TEXT_TIME_SIZE];
	struct bld text;

	bld_init(&text, BODY_MAX);
	bld_fmt(out, "{\"Status\":\"%s\",\"Serial\":\"", revoked ? "Revoked" :
	    "Valid");
	text_hex(&text, serial);
	/* Pebble prints a number: no leading zero. */
	bld_span(out, text.len > 1 && text.data[0] == '0' ?
	    span_from(bld_view(&text), 1) : bld_view(&text));
	bld_str(out, "\",\"Certificate\":");
	bld_reset(&text);
	text_pem(&text, "CERTIFICATE", answer->der);
	json_put_string(out, bld_view(&text));
	if (revoked) {
		text_time(time, answer->revoked_at);
		bld_fmt(out, ",\"Reason\":%u,\"RevokedAt\":\"%s\"",
		    (unsigned)answer->reason, time);
	}
	bld_str(out, "}");
	bld_free(&text);
}

int
dev_answer(struct dev *dev, uint64_t id, uint16_t type, struct span payload,
    struct err *err)
{
	struct question *question = id == 0 ? NULL : find_question(dev, id);
	struct dev_core_answer answer;
	int r = dev_core_answer_decode(type, payload, &answer, err);

	if (r != 0)
		return r;
	if (question == NULL)
		return err_set(err, ERR_FRAME, NULL,
		    "core answers what was not asked");
	question->id = 0;
	if (answer.type == DEV_CORE_BUSY) {
		respond_text(dev, question->exchange, 503, "try again\n");
		return 0;
	}
	if (answer.type == DEV_CORE_NONE) {
		respond_text(dev, question->exchange, 404,
		    "there is no such certificate\n");
		return 0;
	}
	bld_reset(&dev->body);
	put_status(&dev->body, question, &answer);
	if (bld_end(&dev->body) == 0)
		respond(dev, question->exchange, 200, "application/json",
		    bld_view(&dev->body));
	else
		respond_text(dev, question->exchange, 500,
		    "the certificate is too long\n");
	return 0;
}

void
dev_core_up(struct dev *dev)
{
	dev->core_is_up = true;
}

void
dev_core_down(struct dev *dev)
{
	dev->core_is_up = false;
	for (size_t i = 0; i < DEV_QUESTIONS_MAX; i++) {
		struct question *question = &dev->questions[i];

		if (question->id == 0)
			continue;
		question->id = 0;
		respond_text(dev, question->exchange, 503, "try again\n");
	}
}
