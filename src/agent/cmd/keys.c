/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/keys.h"

#include "agent/conf/authority.h"
#include "agent/conf/site_conf.h"

static const char head[] =
	"# signet.conf\n\n"
	"What `signet.conf`, the agent's configuration, can say. `signet check "
	"--keys` prints this page.\n\n"
	"The file is `/etc/signet.conf` or what `-c` names, and optional: "
	"`signet get` remembers\nits sites without it. A site that is taken "
	"out of the file is forgotten; its files stay.\n\n"
	"It has three kinds of blocks: one `ca \"NAME\" { ... }` for each CA "
	"that is not known or needs\nmore than its name, `defaults { ... }` "
	"for what sites do not say themselves, and one\n`site \"NAME\" { ... }` "
	"for each site. A line in them has the form `key = value`, or\n`key = "
	"{\"a\", \"b\"}` for a list. Values with spaces, commas, `=`, `#`, "
	"quotes, brackets or `//`\nstand between quotes. Comments begin with "
	"`#` or `//`, or stand between `/*` and `*/`.\nRelative paths start at "
	"the file's own folder.\n\n"
	"A run takes a changed file by itself, all of it or nothing; "
	"`signet run` takes it at SIGHUP.\n";

void
keys_put(struct bld *out)
{
	bld_str(out, head);
	bld_str(out, "\n## ca\n\n"
	    "A CA; its block's name is what `ca` of a site and `--ca` take. "
	    "The names letsencrypt,\nletsencrypt-staging, google, "
	    "google-staging, zerossl, sslcom and actalis are known: their\n"
	    "blocks need no directory.\n");
	row_put_doc(out, authority_rows);
	bld_str(out, "\n## site\n\n"
	    "A site, which `defaults` takes all keys of, too. Its name is "
	    "that of its folder below `live`.\n");
	row_put_doc(out, site_conf_rows);
}
