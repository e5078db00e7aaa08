/* SPDX-License-Identifier: Apache-2.0 */
/* A day passes: two web processes that are not there, in time that is not. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/log.h"
#include "base/mem.h"
#include "conf/layout.h"
#include "master/disk.h"
#include "master/fake_time.h"
#include "master/reload.h"
#include "master/renew.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
	char directory[32];
	struct master_options options;
	struct master master;
	int ends[2];         /* the processes' control sockets */
	struct roles_row web;
	const char *renewal; /* what refresh writes, if anything */
	bool refresh_fails;
	int refreshed;
} t;

static void
write_file(const char *name, const char *text)
{
	const struct disk_owner owner = { .mode = 0644, .uid = (uid_t)-1 };
	struct err err = ERR_INIT;
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", t.directory, name);
	assert_int_equal(disk_replace(path, span_str(text), &owner, &err), 0);
}

static int
refresh(const struct config *config, bool *ret_renewed, struct err *err)
{
	assert_ptr_equal(config, &t.master.config);
	t.refreshed++;
	*ret_renewed = false;
	if (t.refresh_fails)
		return err_set(err, ERR_IO, NULL, "no renewal today");
	if (t.renewal == NULL)
		return 0;
	write_file(LAYOUT_API_CERTIFICATE, t.renewal);
	t.renewal = NULL;
	*ret_renewed = true;
	return 0;
}

static void
add_child(unsigned i)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	t.master.children[i] = (struct child){ .master = &t.master,
		.row = &t.web, .index = i, .state = CHILD_READY,
		.control = fds[0] };
	t.ends[i] = fds[1];
	t.master.num_children++;
}

static int
setup(void **state)
{
	struct config *config = &t.master.config;
	char path[64];

	(void)state;
	memset(&t, 0, sizeof(t));
	memset(&fake_time, 0, sizeof(fake_time));
	strcpy(t.directory, "/tmp/signet-renew-XXXXXX");
	assert_non_null(mkdtemp(t.directory));
	snprintf(path, sizeof(path), "%s/api", t.directory);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/run", t.directory);
	assert_int_equal(mkdir(path, 0755), 0);
	for (const char *const *name = (const char *const []){
	    LAYOUT_API_CERTIFICATE, LAYOUT_API_KEY, LAYOUT_NONCE_MAP,
	    LAYOUT_ROOT_CERTIFICATE, NULL }; *name != NULL; name++)
		write_file(*name, "old");
	config_init(config);
	config_set_directory(config, t.directory);
	t.options.refresh = refresh;
	t.master.options = &t.options;
	t.master.state = MASTER_RUNNING;
	t.master.notify.fd = -1;
	t.master.env = (struct env){ .timer_start = fake_time_start,
		.timer_cancel = fake_time_cancel };
	resources_init(&t.master.resources);
	t.web.role = ROLE_WEB;
	add_child(0);
	add_child(1);
	renew_start(&t.master);
	return 0;
}

static int
teardown(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	renew_done(&t.master);
	reload_done(&t.master);
	for (size_t i = 0; i < FAKE_TIMERS_MAX; i++)
		assert_null(fake_time.timers[i].cb);
	for (size_t i = 0; i < 2; i++) {
		close(t.master.children[i].control);
		close(t.ends[i]);
	}
	config_free(&t.master.config);
	return disk_remove_tree(t.directory, &err);
}

/* What master says next, with its first file of that kind. */
static enum control_type
hear(size_t i, char *file, size_t size)
{
	uint8_t *buf = mem_alloc(CONTROL_SIZE_MAX);
	struct control control;
	enum control_type type = 0;
	struct err err = ERR_INIT;

	file[0] = '\0';
	if (control_receive(t.ends[i], buf, &control, &err) == 1) {
		type = control.type;
		for (size_t n = 0; n < control.num_fds; n++) {
			ssize_t len;

			if (control.resources[n] != RESOURCE_TLS_CERTIFICATE)
				continue;
			len = read(control.fds[n], file, size - 1);
			file[len > 0 ? len : 0] = '\0';
		}
		control_close_fds(&control);
	}
	free(buf);
	return type;
}

static void
assert_hears(enum control_type type, const char *certificate)
{
	char file[16];

	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(hear(i, file, sizeof(file)), type);
		assert_string_equal(file, certificate);
	}
}

static void
assert_silence(void)
{
	assert_hears(0, "");
}

static void
test_nothing_is_due(void **state)
{
	(void)state;
	fake_time_pass(RENEW_INTERVAL_MS - 1);
	assert_int_equal(t.refreshed, 0);
	fake_time_pass(1);
	assert_int_equal(t.refreshed, 1);
	fake_time_pass(RENEW_INTERVAL_MS);
	assert_int_equal(t.refreshed, 2);
	t.refresh_fails = true;
	fake_time_pass(RENEW_INTERVAL_MS);
	assert_int_equal(t.refreshed, 3);
	assert_silence();
}

static void
agree(const char *text)
{
	for (size_t i = 0; i < 2; i++)
		reload_answer(&t.master.children[i], span_str(text));
}

static void
test_all_take_it(void **state)
{
	(void)state;
	t.renewal = "new";
	fake_time_pass(RENEW_INTERVAL_MS);
	assert_hears(CONTROL_PREPARE, "new");
	agree("");
	assert_hears(CONTROL_COMMIT, "");
	for (size_t i = 0; i < 2; i++)
		reload_committed(&t.master.children[i]);
	assert_int_equal(t.master.reload, RELOAD_NONE);
	assert_string_equal(t.master.config.directory, t.directory);
	/* Once. */
	fake_time_pass(RENEW_INTERVAL_MS);
	assert_int_equal(t.refreshed, 2);
	assert_silence();
}

/* Whoever refuses is asked again the next day. */
static void
test_refused(void **state)
{
	(void)state;
	t.renewal = "new";
	fake_time_pass(RENEW_INTERVAL_MS);
	assert_hears(CONTROL_PREPARE, "new");
	agree("not today");
	assert_hears(CONTROL_ABANDON, "");
	assert_int_equal(t.master.reload, RELOAD_NONE);
	fake_time_pass(RENEW_INTERVAL_MS);
	assert_hears(CONTROL_PREPARE, "new");
	agree("");
	assert_hears(CONTROL_COMMIT, "");
}

static void
test_not_meanwhile(void **state)
{
	(void)state;
	t.renewal = "new";
	t.master.reload = RELOAD_COMMITTING;
	fake_time_pass(RENEW_INTERVAL_MS);
	t.master.reload = RELOAD_NONE;
	t.master.state = MASTER_STOPPING;
	fake_time_pass(RENEW_INTERVAL_MS);
	assert_int_equal(t.refreshed, 0);
	assert_silence();
	t.master.state = MASTER_RUNNING;
	fake_time_pass(RENEW_INTERVAL_MS);
	assert_hears(CONTROL_PREPARE, "new");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing_is_due, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_all_take_it, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_meanwhile, setup,
		    teardown),
	};

	log_init("test", LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
