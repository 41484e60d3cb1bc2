# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Completion of gortctl's commands, options, workloads and their arguments. The
# last two are asked for, from the module that is loaded; if none is, or it may
# not be used, there are none.

# What "gortctl list" prints: a workload at the start of a line, and its
# arguments on the indented ones after it.
_gortctl_workloads()
{
	"$@" list 2>/dev/null | awk '/^[^ ]/ { print $1 }'
}

# _gortctl_keys WORKLOAD COMMAND...
_gortctl_keys()
{
	local workload=$1

	shift
	"$@" list 2>/dev/null | awk -v workload="$workload" '
		/^[^ ]/ { on = $1 == workload; next }
		on { print $1 "=" }'
}

_gortctl_run()
{
	local workload=$1

	shift
	if [[ $workload ]]; then
		_gortctl_keys "$workload" "$@"
	else
		_gortctl_workloads "$@"
	fi
	printf '%s\n' -n -q --json --ring
}

_gortctl()
{
	local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
	local command='' workload='' i
	local -a tool=("${COMP_WORDS[0]}") words=()

	# "key=value" may come as three words.
	[[ $word != = && $previous != = ]] || return
	for ((i = 1; i < COMP_CWORD; i++)); do
		case $command,${COMP_WORDS[i]} in
		,--device | ,--debugfs)
			tool+=("${COMP_WORDS[i]}" "${COMP_WORDS[i + 1]}")
			((++i)) ;;
		,-*) ;;
		,*) command=${COMP_WORDS[i]} ;;
		run,-n) ((++i)) ;;
		run,-*) ;;
		run,*) workload=${workload:-${COMP_WORDS[i]}} ;;
		esac
	done

	case $previous in
	--device | --debugfs | -o | --svg | --from)
		compopt -o default 2>/dev/null
		return ;;
	--sort) words=(gid ctx state time stack preempted) ;;
	--state) words=(running runnable waiting blocked starting) ;;
	--cpu | --ctx | --interval | -n | -d | -t | --buffer) return ;;
	*)
		case $command in
		'') mapfile -t words < <("${tool[0]}" --help 2>/dev/null |
				awk '/^  [a-z]/ { print $1 }')
			words+=(--device --debugfs --help --version) ;;
		info | list) words=(--json) ;;
		run) mapfile -t words < <(_gortctl_run "$workload" "${tool[@]}") ;;
		top) words=(-b -d -n) ;;
		ps) words=(--sort --state --ctx --json) ;;
		stat) words=(--cpu --interval -n --json) ;;
		trace) words=(-t -o --svg --buffer --from) ;;
		stack)
			mapfile -t words < <("${tool[@]}" ps 2>/dev/null |
				awk 'NR > 1 { print $1 }') ;;
		esac ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "${words[*]}" -- "$word")
	# The value of an argument follows at once.
	if [[ ${COMPREPLY[*]} == *= ]]; then
		compopt -o nospace 2>/dev/null
	fi
}

complete -F _gortctl gortctl
