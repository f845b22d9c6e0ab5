#!/usr/bin/env bats
# What shells complete is what --help says: every subcommand and option, and no other.

load helper

setup() {
	complaints=0
}

# complete_bash WORD...: what bash would offer for the last of the words, one a line.
complete_bash() {
	# shellcheck disable=SC2016
	bash --norc -c 'source <("$0" --completion=bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _escaudit; printf "%s\n" "${COMPREPLY[@]}"' "$ESCAUDIT" "$@"
}

subcommands() {
	"$ESCAUDIT" --help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p' | sort
}

long_options() {
	"$ESCAUDIT" "$1" --help | grep -oE '^  (-., |    )--[a-z-]+=?' | grep -oE -- '--.*' | sort
}

@test "bash completes every subcommand and option of --help, and no other" {
	diff <(complete_bash escaudit '' | grep -v '^--' | sort) <(subcommands) || complain "subcommands"
	diff <(complete_bash escaudit -- | sort) <(printf '%s\n' --completion= --help --version) || complain "options"
	local command
	for command in $(subcommands); do
		diff <(complete_bash escaudit "$command" -- | sort) <(long_options "$command") || complain "$command"
	done
	[ "$complaints" -eq 0 ]
}

@test "bash completes values" {
	offered() {
		local wanted=$1
		shift
		[ "$(complete_bash escaudit "$@" | sort | paste -s -d ' ')" = "$wanted" ] || complain "escaudit $*: $(complete_bash escaudit "$@" | paste -s -d ' ')"
	}
	cd "$top/tests/programs/refactor" || return 1
	offered "bytes objects" export --by = ''
	offered "bytes objects" export --by ''
	offered "objects" export --by = o
	offered "--by=objects" export --by=o # without = among the word breaks
	offered "all main none" audit --reach = ''
	offered "bash zsh" --completion = ''
	offered "after before" audit ''
	offered "after before" annotate x.gz --source-root = ''
	offered "after before" export -o ''
	offered "$(find . -maxdepth 1 -mindepth 1 -printf '%f\n' | sort | paste -s -d ' ')" top ''
	offered "" audit --limit = ''
	offered "" nonsense --
	# what stands behind -- is the program's
	offered "after before" audit . -- a b ''
	complete_bash escaudit record -- ech | grep -qx echo || complain "no command behind record --"
	complete_bash escaudit record -p '' | grep -qx 1 || complain "no processes"
	[ "$complaints" -eq 0 ]
}

# zsh itself completes, in a terminal of its own (zsh/zpty); what it would list is printed instead.
@test "zsh completes every subcommand and option of --help, and no other" {
	command -v zsh >/dev/null || skip_or_fail "no zsh"
	local d=$BATS_TEST_TMPDIR command
	"$ESCAUDIT" --completion=zsh >"$d/_escaudit"
	zsh -f -n "$d/_escaudit" || complain "does not parse"
	cat >"$d/ask" <<-'EOF'
		# ask DIRECTORY LINE...: for each line what is offered at its end, behind a line "= LINE"
		zmodload zsh/zpty
		directory=$1
		shift
		zpty shell zsh -f -i
		# Nothing is listed, for a list may ask whether it is wanted. The key behind the tab is read when all was offered.
		zpty -w shell "PS1= PS2= RPS1=; stty -echo; unsetopt zle_bracketed_paste beep autolist; fpath=($directory \$fpath); autoload -Uz compinit; compinit -u -d $directory/dump
		compadd() { local -a found; builtin compadd -O found \"\$@\"; print -rl -- \$found >>$directory/offered; builtin compadd \"\$@\" }
		all-offered() { print >$directory/done }; zle -N all-offered; bindkey '^X^D' all-offered
		print READY"
		zpty -r shell seen '*READY*'
		for line; do
			print -r -- "= $line"
			: >$directory/offered
			rm -f $directory/done
			zpty -n -w shell "$line"$'\t\C-x\C-d'
			until [[ -e $directory/done ]]; do sleep 0.05; done
			zpty -n -w shell $'\C-u'
			zpty -r -t shell seen
			sort -u $directory/offered
		done
		zpty -d shell
	EOF
	local lines=("escaudit ")
	for command in $(subcommands); do
		lines+=("escaudit $command --")
	done
	timeout "$building" zsh -f "$d/ask" "$d" "${lines[@]}" "escaudit top --by=" >"$d/answers" 2>"$d/err" || complain "zsh: $? $(cat "$d/err")"
	answer() {
		sed -n "/^= $1\$/,/^= /p" "$d/answers" | grep -v '^= ' | grep . || true
	}
	diff <(answer 'escaudit ' | grep -v '^-') <(subcommands) || complain "subcommands"
	for command in $(subcommands); do
		diff <(answer "escaudit $command --" | grep -- ^-- | sed 's/=$//' | sort -u) <(long_options "$command" | sed 's/=$//' | sort) || complain "$command"
	done
	diff <(answer 'escaudit top --by=') <("$ESCAUDIT" --completion=bash | sed -n "s/.*'top --by').* values='\(.*\)' ;;/\1/p" | tr ' ' '\n' | sort) || complain "values"
	[ "$complaints" -eq 0 ]
}

@test "make install puts everything where it is looked for" {
	local d=$BATS_TEST_TMPDIR/root page
	make -s -C "$top" O="$ESCAUDIT_BUILD" DESTDIR="$d" PREFIX=/usr install >/dev/null 2>"$BATS_TEST_TMPDIR/err" ||
		complain "make install: $(cat "$BATS_TEST_TMPDIR/err")"
	"$d/usr/bin/escaudit" --version >/dev/null || complain "no program"
	cmp "$d/usr/share/escaudit/escaudit.schema.json" "$top/share/schema/escaudit.schema.json" || complain "no schema"
	diff "$d/usr/share/bash-completion/completions/escaudit" <("$ESCAUDIT" --completion=bash) || complain "no completion for bash"
	diff "$d/usr/share/zsh/site-functions/_escaudit" <("$ESCAUDIT" --completion=zsh) || complain "no completion for zsh"
	for page in "$top"/man/*.1; do
		[ -f "$d/usr/share/man/man1/$(basename "$page")" ] || complain "no $(basename "$page")"
	done
	[ "$complaints" -eq 0 ]
}
