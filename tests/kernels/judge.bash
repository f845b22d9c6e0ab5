# What must have come of tests/kernels/guest in a booted kernel. tests/run-kernels sources it and calls
#
#   judge NAME METHODS VERSION     TAP without numbers on standard output
#
# with the results of that kernel in $results/NAME. Variables of tests/run-kernels that it reads: top, build, builds, work, results,
# static, versions.

# shellcheck source=tests/markers.bash
. "$top/tests/markers.bash"

# wrong TEXT...: the check under way fails, for this reason too.
wrong() {
	reasons+="# $*"$'\n'
}

# check DESCRIPTION COMMAND...: one line of TAP. The command calls wrong; fails by its status, too.
check() {
	local description="$version_short: $1" reasons='' unable=''
	shift
	"$@" || wrong "${*}: could not be judged"
	if [ -n "$unable" ] && [ -z "$reasons" ]; then
		untested "$description" "$unable"
	elif [ -z "$reasons" ]; then
		echo "ok $description"
	else
		echo "not ok $description"
		# Whatever a program said, no line of it may look like TAP.
		printf '%s' "$reasons" | tr -cd '[:print:]\n\t' | sed 's/^\(# \)\{0,1\}/# /' | cut -c 1-400 | head -n 40
	fi
}

# expect_status STEP WANTED
expect_status() {
	local status
	status=$(cat "$there/$1.status" 2>/dev/null) || status='no status: it was not run'
	[ "$status" = "$2" ] || wrong "$1: status $status instead of $2: $(head -c 1500 "$there/$1.err" 2>/dev/null)"
}

json() { "$build/escaudit" top --json --limit 0 "$1"; }

judge_boot() {
	[ "$(cat "$there/qemu.status")" = 0 ] || wrong "qemu: status $(cat "$there/qemu.status"): $(tail -n 3 "$there/qemu")"
	if [ "$(cat "$there/status" 2>/dev/null)" != 0 ]; then
		wrong "the guest did not come to its end: $(cat "$there/hung" "$there/log" 2>/dev/null | tail -n 5) $(tail -n 8 "$there/console")"
	fi
	[ ! -s "$there/log" ] || wrong "the guest complains: $(head -c 1000 "$there/log")"
	! grep -hE 'BUG:|Oops|WARNING:|Call Trace|general protection|Kernel panic' "$there/console" "$there/dmesg" >"$there/trouble" 2>/dev/null ||
		wrong "the kernel complains: $(head -n 5 "$there/trouble")"
}

# What doctor says is what happens.
judge_doctor() {
	local doctor=$1 recording=$2 works recorded=false
	works=$(jq -r .works "$there/$doctor.out") || return
	[ "$(cat "$there/$recording.status")" != 0 ] || recorded=true
	[ "$works" = "$recorded" ] || wrong "doctor says works: $works, and record: $(head -c 1500 "$there/$recording.err")"
	if [ "$works" = true ]; then
		expect_status "$doctor" 0
	else
		expect_status "$doctor" 2
		expect_status "$recording" 2
	fi
}

# shellcheck disable=SC2016
jq_common='
def base: (. // "") | split("/") | last;
def abs: if . < 0 then -. else . end;
'

# A whole run: its own count, to the last object, on its own lines.
judge_capture() {
	local step=$1
	expect_status "$step" 0
	[ -z "$reasons" ] || return 0
	json "$there/$step.rec" >"$judged/top" || return
	wrongs "$(jq -r -n --slurpfile truth "$there/$step.out" --slurpfile top "$judged/top" --slurpfile markers <(markers_json capture) "$jq_common"'
		$truth[0] as $t | $top[0] as $r | ($markers[0] | INDEX(.marker)) as $line |
		(if $r.window.mode != "exact" or ($r.window.complete | not) then "window: \($r.window)" else empty end),
		(if $r.losses != [] then "losses: \($r.losses)" else empty end),
		([$r.lines[].objects] | add) as $sum |
		(if $sum != $t.mallocs then "total: \($sum) instead of \($t.mallocs)" else empty end),
		(if $t.expected == [] then "the program made nothing" else empty end),
		($t.expected[] | $line[.marker] as $at | . as $e |
			[$r.lines[] | select((.file | base) == $at.file and .line == $at.line and .cause != "runtime internal")] as $rows |
			([$rows[].objects] | add // 0) as $objects | ([$rows[].bytes] | add // 0) as $bytes |
			if $objects != .objects or $bytes != .bytes
			then "@\(.marker): \($objects) objects, \($bytes) bytes instead of \(.objects), \(.bytes)" else empty end)')"
}

# wrongs TEXT: each line of it.
wrongs() {
	local line
	while IFS= read -r line; do
		[ -z "$line" ] || wrong "$line"
	done <<<"$1"
}

# A recording by PID inside the process's own bracket. Its readings: before the recording; around work, once or more; after the
# recording. Exact counts are exact. Of estimates, lines are right within twice the stated half width of the 95 % interval and
# a fiftieth, and the total within a thirtieth: it is counted, but at moments that on a busy machine lie some milliseconds off
# the ends of the window.
judge_bracket() {
	local step=$1
	expect_status "$step" 0
	[ -z "$reasons" ] || return 0
	json "$there/$step.rec" >"$judged/top" || return
	"$build/tests/proof/recording_rows" "$there/$step.rec" >"$judged/rows" || return
	wrongs "$(jq -r -n --arg mode "$2" --slurpfile said "$there/$step.truth" --slurpfile top "$judged/top" --slurpfile rows "$judged/rows" \
		--slurpfile markers <(markers_json bracket) "$jq_common"'
		$top[0] as $r | $rows[0] as $rec | ($markers[0] | INDEX(.marker)) as $at |
		[$said[] | select(.counts)] as $work |
		($work | map(.after - .before) | add) as $inner | ($said[-1].mallocs - $said[0].mallocs) as $outer |
		(if $said[0].mallocs == null or $said[-1].mallocs == null or ($work | length) == 0 then "readings: \($said)" else empty end),
		(if $r.window.mode != $mode then "mode: \($r.window.mode)" else empty end),
		(if $r.losses != [] then "losses: \($r.losses)" else empty end),
		(if $mode == "sample" then 0.03 else 0 end) as $slack | $r.totals.objects as $sum |
		(if $sum < $inner * (1 - $slack) or $sum > $outer * (1 + $slack) then "total: \($sum), not within \($inner) to \($outer)" else empty end),
		($work | map(.counts[]) | group_by(.marker)[] | {marker: .[0].marker, objects: (map(.objects) | add), bytes: (map(.bytes) | add)} |
			. as $c | $at[.marker] as $place |
			([$rec.rows[] | select(.file == $place.file and .line == $place.line)] | first // {objects: 0, bytes: 0, error: 0}) as $row |
			if $mode == "exact" then
				if $row.objects != .objects or $row.bytes != .bytes
				then "@\(.marker): \($row.objects) objects, \($row.bytes) bytes instead of \(.objects), \(.bytes)" else empty end
			elif ($row.objects - .objects | abs) > 2 * $row.error + .objects / 50 + 1
			then "@\(.marker): \($row.objects), \($row.error | floor) stated, instead of \(.objects)" else empty end),
		(if $mode == "sample" then
			([$rec.rows[] | select(.file == "main.go" and .error <= 0)] | if . == [] then empty else "lines without an error: \(.)" end),
			(if $sum < 2 * ([$rec.rows[].samples] | add) then "every object is a sample" else empty end)
		else empty end)')"
}

# Killed, and the text is whole, and the program goes on.
judge_killed() {
	local step=$1 n
	[ "$(cat "$there/$step.probed.status")" = 1 ] || wrong "probes that do not show: $(cat "$there/$step.probed")"
	n=$(grep -cE '^(exact|sample) (middle|[0-9.]+) 0$' "$there/$step.intact")
	[ "$n" -eq 6 ] || wrong "intact after $n kills of 6: $(cat "$there/$step.intact")"
	grep -q '"after":' "$there/$step.truth" || wrong "the program does not answer any more"
	expect_status "$step" 0
}

# verdicts PREDICTIONS RECORDING: what is said of every line. What the runtime makes for itself comes when it likes, and so does
# the descriptor of a goroutine, for one that has ended may have left its own.
verdicts() {
	"$build/escaudit" compare --json --limit 0 "$1" "$2" | jq -S '{
		verdicts: [.verdicts[] | select(.cause != "runtime internal" and .type != "runtime.g") |
			{verdict, claim, file, line, column, expr, function, type, cause, objects, bytes, ambiguous}] | sort,
		assertions: [.assertions[]? | {verdict, file, line, function, objects, bytes}] | sort}'
}

# mixed_stacks RECORDING: those of its objects, and their bytes. What the C library calls its own functions is not the question.
mixed_stacks() {
	"$build/escaudit" export --format=folded "$1" | grep -E ';main\.[a-z]+Object [0-9]+$' | sed 's/.*;thread_body;/thread_body;/' | sort
}

# Stacks of Go and C are those that the same program has here.
judge_mixed() {
	local version=$1 method=$2 step=mixed.$1.$2
	expect_status "$step" 0
	[ -z "$reasons" ] || return 0
	if [ ! -s "$work/here/$version/mixed.rec" ]; then
		unable="no recording could be made here: not root, or no BPF"
		return 0
	fi
	mixed_stacks "$work/here/$version/mixed.rec" >"$judged/here" || return
	mixed_stacks "$there/$step.rec" >"$judged/there" || return
	# A callback, a nested one, a thread, and two ways.
	[ "$(wc -l <"$judged/here")" -eq 5 ] && ! grep -F '[C frames cut' "$judged/here" || wrongs "here: $(cat "$judged/here")"
	cmp -s "$judged/here" "$judged/there" || wrongs "$(diff -U 8 "$judged/here" "$judged/there" | head -n 40)"
}

judge_verdicts() {
	local version=$1 program=$2 kinds
	expect_status "$program.$version" 0
	[ -z "$reasons" ] || return 0
	if [ ! -s "$work/here/$version/$program.rec" ]; then
		unable="no recording could be made here: not root, or no BPF"
		return 0
	fi
	verdicts "$work/here/$version/$program.pred" "$work/here/$version/$program.rec" >"$judged/here" || return
	verdicts "$work/here/$version/$program.pred" "$there/$program.$version.rec" >"$judged/there" || return
	# Two empty lists would be equal, and without reach probes there is neither of these two.
	kinds=$(jq -r '[.verdicts[].verdict, .assertions[].verdict] | unique | join(" ")' "$judged/here")
	[[ $kinds == *elided* ]] || [[ $kinds == *"never executed"* ]] || wrong "verdicts here: $kinds"
	cmp -s "$judged/here" "$judged/there" || wrongs "$(diff -U 8 "$judged/here" "$judged/there" | head -n 40)"
}

judge_top() {
	expect_status top 0
	wrongs "$(jq -r -s '
		(if length != 2 then "\(length) tables instead of 2" else empty end),
		(.[] | [.lines[] | select(.function == "main.steady")] |
			if length != 1 or .[0].objects < 1000 then "main.steady: \(.)" else empty end)' "$there/top.out")"
}

judge_multi() {
	if [[ $1 == *multi* ]]; then
		expect_status forced-multi 0
		jq -e '.checks[] | select(.name == "uprobe_multi") | .status == "good"' "$there/1.doctor.out" >/dev/null || wrong "doctor: no uprobe_multi"
	else
		expect_status forced-multi 2
		grep -q uprobe_multi "$there/forced-multi.err" || wrong "says: $(cat "$there/forced-multi.err")"
	fi
}

judge_prove() {
	"$build/escaudit" doctor --help | grep -q -- --prove || { unable="doctor has no --prove"; return 0; }
	expect_status prove 0
	[ "$(jq -r .works "$there/prove.out")" = true ] || wrong "$(cat "$there/prove.out")"
}

judge_static_root() {
	# The recording was taken away; nothing else was there.
	[ "$(tr '\n' ' ' <"$there/static.root")" = '. .. escaudit proc sys ' ] || wrong "the root holds: $(cat "$there/static.root")"
}

judge() {
	local there=$results/$1 methods=$2 kernel_version=$3 version_short=$1 judged number version method mode program
	version_short="$1 (${kernel_version%%[-~]*})"
	judged=$work/judged-$1
	mkdir -p "$judged"
	check "boots, and the guest comes to its end" judge_boot
	[ -s "$there/status" ] || return 0 # all else would be noise
	for ((number = 1; number <= ${#builds[@]}; number++)); do
		check "$(name_of "$number"): what doctor says is what happens" judge_doctor "$number.doctor" "$number.launched"
		check "$(name_of "$number"): doctor says that it works" expect_status "$number.doctor" 0
		for method in ${methods//,/ }; do
			for mode in exact sample; do
				check "$(name_of "$number"): $mode by PID inside the program's bracket, by $method, go 1.27" \
					judge_bracket "$number.bracket.1.27.$mode.$method" $mode
			done
		done
	done
	check "uprobe_multi where the kernel has it, refused where not" judge_multi "$methods"
	for method in ${methods//,/ }; do
		for version in $versions; do
			check "every object once, by $method, go $version" judge_capture "capture.$version.$method"
			check "a loop of 20011, by $method, go $version" judge_capture "loop.$version.$method"
		done
		for version in $versions; do
			check "stacks of Go and C, by $method, go $version" judge_mixed "$version" "$method"
		done
		for mode in exact sample; do
			check "$mode by PID inside the program's bracket, by $method, go 1.19" judge_bracket "1.bracket.1.19.$mode.$method" $mode
		done
		check "kill -9 by $method: the text is whole, the program goes on" judge_killed "killed.$method"
	done
	for version in $versions; do
		for program in asserted scenarios; do
			check "$program, go $version: verdicts as of a recording made here" judge_verdicts "$version" $program
		done
	done
	check "top -p --count 2" judge_top
	check "doctor -p" expect_status doctor-pid 0
	check "doctor --prove" judge_prove
	if [ -x "$static" ]; then
		check "static, in an empty root: doctor" expect_status static.doctor 0
		for mode in exact sample; do
			check "static, in an empty root: $mode by PID inside the program's bracket" judge_bracket "static.bracket.1.27.$mode" $mode
		done
		check "static, in an empty root: which stays empty" judge_static_root
	elif [ "$static_is_required" = yes ]; then
		untested "$version_short: static, in an empty root" "no $static: run make dist"
	fi
}

# What a build is called in descriptions.
name_of() { basename "${builds[$1 - 1]}"; }
