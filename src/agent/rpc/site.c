/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/rpc/site.h"

#include <ctype.h>
#include <stdio.h>

#define PERMISSIONS 0777

static const char *const key_types[] = {
	[SITE_KEY_EC256] = "ec256",
	[SITE_KEY_EC384] = "ec384",
	[SITE_KEY_RSA2048] = "rsa2048",
	[SITE_KEY_RSA3072] = "rsa3072",
	[SITE_KEY_RSA4096] = "rsa4096",
};

const char *
site_key_type_name(enum site_key_type type)
{
	return type >= SITE_KEY_EC256 && type <= SITE_KEY_RSA4096 ?
	    key_types[type] : "unknown";
}

enum site_key_type
site_key_type_from_name(struct span name)
{
	for (int type = SITE_KEY_EC256; type <= SITE_KEY_RSA4096; type++) {
		if (span_equal_str(name, key_types[type]))
			return (enum site_key_type)type;
	}
	return 0;
}

enum site_layout
site_layout_from_name(struct span name)
{
	static const char *const names[] = {
		[SITE_LAYOUT_CERTBOT] = "certbot",
		[SITE_LAYOUT_DEHYDRATED] = "dehydrated",
		[SITE_LAYOUT_LEGO] = "lego",
		[SITE_LAYOUT_ACMESH] = "acme.sh",
	};

	for (int layout = SITE_LAYOUT_CERTBOT; layout <= SITE_LAYOUT_ACMESH;
	    layout++) {
		if (span_equal_str(name, names[layout]))
			return (enum site_layout)layout;
	}
	return 0;
}

int
site_name_check(struct span name, struct err *err)
{
	static const char remedy[] = "it becomes the name of a folder: take "
	    "letters, digits, '.', '-', '_', ':' and begin with a letter, a "
	    "digit or '_'";
	bool good;

	if (name.len == 0 || name.len > SITE_NAME_MAX)
		return err_set(err, ERR_CONFIG, NULL, "a site's name must have "
		    "1 to %d bytes", SITE_NAME_MAX);
	good = isalnum(name.data[0]) || name.data[0] == '_';
	for (size_t i = 0; good && i < name.len; i++)
		good = isalnum(name.data[i]) ||
		    memchr(".-_:", name.data[i], sizeof(".-_:") - 1) != NULL;
	if (!good)
		return err_set(err, ERR_CONFIG, NULL,
		    "the site's name \"%.*s\" cannot be used: %s",
		    SPAN_FMT(name), remedy);
	return 0;
}

/* One part of a path, without its slashes. */
static bool
part_is_good(struct span part)
{
	return part.len > 0 && part.len < 256 &&
	    !span_equal_str(part, ".") && !span_equal_str(part, "..") &&
	    memchr(part.data, '\0', part.len) == NULL;
}

int
site_path_check(struct span path, struct err *err)
{
	bool good = path.len > 1 && path.len <= SITE_PATH_MAX &&
	    path.data[0] == '/';
	struct span rest = path;

	while (good && rest.len > 0) {
		const uint8_t *end;
		size_t len;

		rest = span_from(rest, 1);
		end = rest.len == 0 ? NULL : memchr(rest.data, '/', rest.len);
		len = end == NULL ? rest.len : (size_t)(end - rest.data);
		good = part_is_good(span_of(rest.data, len));
		rest = span_from(rest, len);
	}
	if (!good)
		return err_set(err, ERR_CONFIG, NULL, "the path \"%.*s\" cannot "
		    "be used: give an absolute one, without \"..\" and without "
		    "a slash at its end", SPAN_FMT(path));
	return 0;
}

void
site_folder(const struct site *site, char out[SITE_FOLDER_SIZE])
{
	const char *suffix = "";

	if (site->second)
		suffix = site->key_type >= SITE_KEY_RSA2048 ?
		    SITE_SUFFIX_RSA : SITE_SUFFIX_ECDSA;
	snprintf(out, SITE_FOLDER_SIZE, "%.*s%s", SPAN_FMT(site->name),
	    suffix);
}

static void
encode_copy(struct bld *out, const struct site_copy *copy)
{
	bld_u8(out, (uint8_t)copy->file);
	bld_span16(out, copy->path);
	bld_u32(out, copy->uid);
	bld_u32(out, copy->gid);
	bld_u32(out, copy->mode);
}

static void
decode_copy(struct cur *cur, struct site_copy *ret)
{
	ret->file = (enum site_file)cur_enum(cur, SITE_PRIVKEY, SITE_COMBINED);
	ret->path = cur_text(cur, SITE_PATH_MAX);
	ret->uid = cur_u32(cur);
	ret->gid = cur_u32(cur);
	ret->mode = cur_u32(cur);
	if (!cur->failed && (site_path_check(ret->path, NULL) < 0 ||
	    (ret->mode & ~(uint32_t)PERMISSIONS) != 0))
		cur->failed = true;
}

void
site_encode(struct bld *out, const struct site *site)
{
	bld_span16(out, site->name);
	bld_u8(out, (uint8_t)site->key_type);
	bld_u8(out, site->second);
	bld_u8(out, (uint8_t)site->layout);
	bld_span16(out, site->folder);
	bld_span16(out, site->lineage);
	bld_u32(out, site->uid);
	bld_u32(out, site->gid);
	bld_u32(out, site->key_mode);
	bld_u16(out, (uint16_t)site->num_copies);
	for (size_t i = 0; i < site->num_copies; i++)
		encode_copy(out, &site->copies[i]);
}

/* A lineage may have '*' where its program named it so ("acme.sh
 * --issue -d '*.x'"), but is one part of a path, and not hidden. */
static bool
foreign_is_good(const struct site *site)
{
	return site_path_check(site->folder, NULL) == 0 &&
	    part_is_good(site->lineage) && site->lineage.data[0] != '.' &&
	    site->lineage.len <= SITE_NAME_MAX &&
	    memchr(site->lineage.data, '/', site->lineage.len) == NULL;
}

void
site_decode(struct cur *cur, struct site *ret)
{
	ret->name = cur_text(cur, SITE_NAME_MAX);
	ret->key_type = (enum site_key_type)cur_enum(cur, SITE_KEY_EC256,
	    SITE_KEY_RSA4096);
	ret->second = cur_bool(cur);
	ret->layout = (enum site_layout)cur_enum(cur, SITE_LAYOUT_SIGNET,
	    SITE_LAYOUT_ACMESH);
	ret->folder = cur_text(cur, SITE_PATH_MAX);
	ret->lineage = cur_text(cur, SITE_NAME_MAX);
	ret->uid = cur_u32(cur);
	ret->gid = cur_u32(cur);
	ret->key_mode = cur_u32(cur);
	ret->num_copies = cur_count(cur, SITE_COPIES_MAX);
	for (size_t i = 0; i < ret->num_copies; i++)
		decode_copy(cur, &ret->copies[i]);
	if (cur->failed)
		return;
	if (site_name_check(ret->name, NULL) < 0 ||
	    (ret->key_mode & ~(uint32_t)PERMISSIONS) != 0)
		cur->failed = true;
	if (ret->layout == SITE_LAYOUT_SIGNET ?
	    ret->folder.len > 0 || ret->lineage.len > 0 :
	    !foreign_is_good(ret))
		cur->failed = true;
}
