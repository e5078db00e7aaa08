/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_RPC_SITE_H
#define SIGNET_AGENT_RPC_SITE_H

/*
 * site: how a certificate's key is made and where it is published: what judge
 * tells certkey and files about a site.
 *
 * A site's name becomes the name of a folder, so it is checked on both sides
 * of every conversation: letters, digits, '.', '-', '_', ':', of which the
 * first is a letter, a digit or '_'. "*.example.com" is not one: judge calls
 * such a site "example.com" or as the administrator says.
 */

#include <sys/types.h>

#include "base/bld.h"
#include "base/cur.h"
#include "base/err.h"
#include "base/mem.h"

#define SITE_NAME_MAX 200   /* bytes, so that suffixes fit a file name */
#define SITE_PATH_MAX 1024  /* bytes of any path */
#define SITE_COPIES_MAX 16  /* extra copies of a site */

enum site_key_type {
	SITE_KEY_EC256 = 1,
	SITE_KEY_EC384,
	SITE_KEY_RSA2048,
	SITE_KEY_RSA3072,
	SITE_KEY_RSA4096,
};

/* "ec256" and so on as --key has it; never NULL. 0 if unknown. */
const char *site_key_type_name(enum site_key_type type);
enum site_key_type site_key_type_from_name(struct span name);

/* Who lays out the files: Signet, or the program that they were taken over
 * from. */
enum site_layout {
	SITE_LAYOUT_SIGNET = 1, /* DIR/live/NAME, a real folder */
	SITE_LAYOUT_CERTBOT,    /* folder: /etc/letsencrypt; live and archive */
	SITE_LAYOUT_DEHYDRATED, /* folder: .../certs; NAME/privkey-TIME.pem */
	SITE_LAYOUT_LEGO,       /* folder: .../certificates; NAME.crt NAME.key */
	SITE_LAYOUT_ACMESH,     /* folder: ~/.acme.sh; NAME/NAME.key */
};

/* 0 if unknown; "certbot" and so on, as form_layout has them. */
enum site_layout site_layout_from_name(struct span name);

enum site_file {
	SITE_PRIVKEY = 1,
	SITE_CERT,      /* the leaf */
	SITE_CHAIN,     /* what stands between leaf and root */
	SITE_FULLCHAIN, /* leaf, chain */
	SITE_COMBINED,  /* key, leaf, chain: for HAProxy */
};

#define SITE_KEEP_ID ((uint32_t)-1) /* an owner that is not to be changed */

struct site_copy {
	enum site_file file;
	struct span path;   /* absolute, without ".." */
	uint32_t uid, gid;  /* or SITE_KEEP_ID */
	uint32_t mode;      /* permission bits */
};

/* One certificate of a site. Where a site has two (RSA and ECDSA), each is
 * told as one of these, the second with second set: its folder has the suffix
 * "+rsa" or "+ecdsa" of its key type. */
struct site {
	struct span name;
	enum site_key_type key_type;
	bool second;
	enum site_layout layout;
	struct span folder;   /* of a foreign layout; else empty */
	struct span lineage;  /* the name in a foreign layout; else empty */
	uint32_t uid, gid;    /* of the files, or SITE_KEEP_ID */
	uint32_t key_mode;    /* of privkey.pem and combined.pem: 0600 */
	size_t num_copies;
	struct site_copy copies[SITE_COPIES_MAX];
};

/* -ERR_CONFIG with the remedy. */
int site_name_check(struct span name, struct err *err);
/* A path that an administrator named: absolute, no "..", no empty part. */
int site_path_check(struct span path, struct err *err);

/* The folder in DIR/live: the name and, for a second certificate, its
 * suffix. */
#define SITE_SUFFIX_RSA "+rsa"
#define SITE_SUFFIX_ECDSA "+ecdsa"
#define SITE_FOLDER_SIZE (SITE_NAME_MAX + 8) /* bytes, with the NUL */
void site_folder(const struct site *site, char out[SITE_FOLDER_SIZE]);

/* Decoding fails cur for what the checks refuse. */
void site_encode(struct bld *out, const struct site *site);
void site_decode(struct cur *cur, struct site *ret);

#endif
