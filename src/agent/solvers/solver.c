/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/solvers/solver.h"

static const struct solver *const solvers[] = {
	&solver_webroot,
	&solver_standalone,
	&solver_tls_alpn,
	&solver_nginx,
	&solver_apache,
	&solver_haproxy,
	&solver_dns,
	&solver_persist,
	&solver_certbot_http,
	&solver_certbot_dns,
	&solver_dehydrated_http,
	&solver_dehydrated_dns,
	&solver_uacme,
	&solver_lego_exec,
	&solver_lego_exec_raw,
	&solver_lego_httpreq,
	&solver_acmesh,
	NULL
};

static int
unknown(const char *via, struct err *err)
{
	struct bld names;
	int r;

	bld_init(&names, ERR_TEXT_SIZE);
	for (size_t i = 0; solvers[i] != NULL; i++)
		bld_fmt(&names, "%s%s%s%s", i == 0 ? "" : ", ",
		    solvers[i]->name, solvers[i]->argument == NULL ? "" : "=",
		    solvers[i]->argument == NULL ? "" : solvers[i]->argument);
	r = err_set(err, ERR_CONFIG, NULL, "there is no way \"%s\" to prove "
	    "control; write one of %.*s", via, SPAN_FMT(bld_view(&names)));
	bld_free(&names);
	return r;
}

int
solver_find(const char *via, const struct solver **ret,
    const char **ret_argument, struct err *err)
{
	size_t len = strcspn(via, "=");

	for (size_t i = 0; solvers[i] != NULL; i++) {
		if (!span_equal(span_of(via, len), span_str(solvers[i]->name)))
			continue;
		*ret = solvers[i];
		*ret_argument = via[len] == '=' ? via + len + 1 : "";
		if (solvers[i]->argument == NULL && via[len] == '=')
			return err_set(err, ERR_CONFIG, NULL, "\"%s\": %s takes "
			    "nothing after it; write %s", via,
			    solvers[i]->name, solvers[i]->name);
		return 0;
	}
	return unknown(via, err);
}

int
solver_check(const char *via, struct err *err)
{
	const struct solver *solver = NULL;
	const char *argument = NULL;
	int r = solver_find(via, &solver, &argument, err);

	if (r == 0 && solver != NULL && solver->check != NULL)
		r = solver->check(argument, err);
	return r;
}
