/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/judge/reach.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "agent/conf/form.h"
#include "base/mem.h"

static void
add_folder(struct reach *reach, const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
	    !row_list_has(&reach->folders, path))
		row_list_add(&reach->folders, path);
}

static void
add_copy(struct reach *reach, const char *text)
{
	char path[PATH_MAX], *slash;
	int kind;
	const char *place = form_copy_split(text, &kind);

	snprintf(path, sizeof(path), "%s", place);
	slash = strrchr(path, '/');
	if (kind >= 0 && slash != NULL)
		slash[slash == path] = '\0';
	add_folder(reach, path);
}

/* What is exchanged must be within reach: of lego's, that is all of it. */
static void
add_layout(struct reach *reach, const struct site_conf *site)
{
	const struct site_conf_layout layout = site_conf_layout(site);
	char path[PATH_MAX];
	char *slash;

	snprintf(path, sizeof(path), "%.*s", SPAN_FMT(layout.folder));
	slash = strrchr(path, '/');
	if (site_layout_from_name(layout.program) == SITE_LAYOUT_LEGO &&
	    slash != path)
		*slash = '\0';
	add_folder(reach, path);
}

static void
add_site(struct judge *judge, int64_t cert_id, struct reach *reach)
{
	struct arena arena = { 0 };
	struct state_cert cert;
	struct state_site row;
	struct site_conf site;

	/* What cannot be read fails its own job. */
	if (state_cert_get(judge->state, cert_id, &arena, &cert, NULL) == 0 &&
	    state_site_get_id(judge->state, cert.site_id, &arena, &row,
	    NULL) == 0 && judge_read_site(&row, &site, NULL) == 0) {
		for (size_t i = 0; i < site.copy.count; i++)
			add_copy(reach, site.copy.items[i]);
		if (site.layout != NULL)
			add_layout(reach, &site);
		site_conf_done(&site);
	}
	arena_free(&arena);
}

void
reach_make(struct judge *judge, struct reach *ret)
{
	size_t count;

	*ret = (struct reach){ 0 };
	for (size_t i = 0; i < judge->num_queue; i++)
		add_site(judge, judge->queue[i].cert_id, ret);
	count = ret->folders.count;
	ret->paths = mem_zalloc((count + 1) * sizeof(ret->paths[0]));
	for (size_t i = 0; i < count; i++)
		ret->paths[i] = (struct sandbox_path){
			.path = ret->folders.items[i], .write = true };
}

void
reach_done(struct reach *reach)
{
	row_list_clear(&reach->folders);
	free(reach->paths);
	reach->paths = NULL;
}

/* The site of a folder's name: a second certificate's has a suffix. */
static int
add_named(struct judge *judge, const char *name, struct err *err)
{
	struct arena arena = { 0 };
	struct state_site row;
	int r = state_site_get(judge->state, span_of(name,
	    strcspn(name, "+")), &arena, &row, err);

	if (r == 0)
		r = judge_add_site(judge, row.id, 0, err);
	arena_free(&arena);
	return r == -(int)ERR_NOT_FOUND ? 0 : r;
}

int
reach_unfinished(struct judge *judge, struct err *err)
{
	char path[PATH_MAX];
	struct dirent *entry;
	struct err none = ERR_INIT;
	DIR *list;
	int r = 0;

	snprintf(path, sizeof(path), "%s/publish", judge->options.dir);
	list = opendir(path);
	if (list == NULL)
		return errno == ENOENT ? 0 :
		    err_errno(err, "cannot look into %s", path);
	while (r == 0 && (entry = readdir(list)) != NULL) {
		if (entry->d_name[0] != '.')
			r = add_named(judge, entry->d_name, &none);
	}
	closedir(list);
	if (r < 0 && err != NULL)
		*err = none;
	return r;
}
