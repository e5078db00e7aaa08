# SPDX-License-Identifier: Apache-2.0
# bash completion for signet. Commands and options are what the installed
# program says that it has.

_signet_commands()
{
	"$1" --help 2> /dev/null | sed -n 's/^  \([a-z][a-z-]*\)  *.*/\1/p'
}

_signet_options()
{
	"$1" "$2" --help 2> /dev/null | grep -oE '(^|[ ,])(-[a-z]|--[a-z-]+)' |
		tr -d ' ,'
	# These take all of get's.
	case $2 in nginx | apache | haproxy) _signet_options "$1" get ;; esac
}

_signet_sites()
{
	"$1" status "${@:2}" 2> /dev/null | grep -v -e '^ ' -e '^$' -e ' '
}

_signet()
{
	local cur prev words cword
	_init_completion 2> /dev/null || {
		cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
		words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
	}
	local program=${words[0]} command=${words[1]} choice= state=() i

	if [ "$cword" = 1 ]; then
		choice="$(_signet_commands "$program") --help --version"
		mapfile -t COMPREPLY < <(compgen -W "$choice" -- "$cur")
		return
	fi
	for ((i = 2; i < cword - 1; i++)); do
		case ${words[i]} in
		-d | --dir | -c | --config)
			state+=("${words[i]}" "${words[i + 1]}") ;;
		esac
	done
	case $prev in
	-d | --dir | --copy | --hook-dir)
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		return ;;
	-c | --config | --ca-file | --csr | --environment | --eab-key-file | --server | \
	    --textfile)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return ;;
	--key) choice='ec256 ec384 rsa2048 rsa3072 rsa4096' ;;
	--via) choice='webroot= standalone tls-alpn nginx apache haproxy dns=' ;;
	--ca | --staging)
		choice='letsencrypt letsencrypt-staging google google-staging
		    zerossl sslcom actalis' ;;
	--install) choice='nginx apache haproxy' ;;
	--ocsp) choice='file no' ;;
	--follow-names) choice='true false' ;;
	--eab-alg) choice='HS256 HS384 HS512' ;;
	--reason)
		choice='unspecified keyCompromise affiliationChanged superseded
		    cessationOfOperation' ;;
	--owner)
		mapfile -t COMPREPLY < <(compgen -u -- "$cur")
		return ;;
	--group)
		mapfile -t COMPREPLY < <(compgen -g -- "$cur")
		return ;;
	esac
	if [ -z "$choice" ]; then
		case $cur in
		-*) choice=$(_signet_options "$program" "$command") ;;
		*)
			case $command in
			renew | status | check | revoke | remove | get)
				choice=$(_signet_sites "$program" "${state[@]}") ;;
			import) choice='certbot dehydrated lego acme.sh' ;;
			account) choice='show update rollover deactivate' ;;
			esac ;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$choice" -- "$cur")
	case ${COMPREPLY[0]} in *=) compopt -o nospace 2> /dev/null ;; esac
} &&
complete -F _signet signet
