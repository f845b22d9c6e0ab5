#!/usr/bin/env bats
# What sampling says of a program against what the program knows of itself: tests/programs/rates counts every object it
# makes. docs/sampling.md derives the numbers. Bounds are wide enough for a busy machine, and far below what any of the
# known ways of getting it wrong would give.

load helper

setup() {
	complaints=0
	pids=()
	rows=$ESCAUDIT_BUILD/tests/proof/recording_rows
	[ -x "$rows" ] || { echo "no $rows: run make proof" >&2 && return 1; }
	rec=$BATS_TEST_TMPDIR/rec
	truth=$BATS_TEST_TMPDIR/truth
}

teardown() {
	kill_pids
}

# sampled OPTIONS -- PROGRAM ARGS: launched in sample mode, to its end.
sampled() {
	local status=0
	rm -f "$rec"
	"$ESCAUDIT" record --mode=sample -o "$rec" "$@" >"$truth" 2>"$BATS_TEST_TMPDIR/err" </dev/null || status=$?
	[ "$status" -eq 0 ] || { complain "record $*: status $status: $(head -c 1000 "$BATS_TEST_TMPDIR/err")"; return 1; }
	"$rows" "$rec" >"$BATS_TEST_TMPDIR/rows"
}

# What the program counted in the window, from its timeline where it has one: two moments, and a line between.
# shellcheck disable=SC2016
jq_truth='
def at($t): . as $l | (map(.unix_ns < $t) | index(false)) as $i |
	if $i == null then last elif $i == 0 then first else
		$l[$i - 1] as $a | $l[$i] as $b | (($t - $a.unix_ns) / ($b.unix_ns - $a.unix_ns)) as $w |
		{objects: [$a.objects, $b.objects] | transpose | map(.[0] + (.[1] - .[0]) * $w),
		 bytes: [$a.bytes, $b.bytes] | transpose | map(.[0] + (.[1] - .[0]) * $w)} end;
def counted($truth; $rec): if $truth.timeline then
	($truth.timeline | at($rec.start_unix_ns)) as $a |
	($truth.timeline | at($rec.start_unix_ns + $rec.window_seconds * 1e9)) as $b |
	[$truth.counts | to_entries[] | .key as $i | .value + {objects: ($b.objects[$i] - $a.objects[$i]), bytes: ($b.bytes[$i] - $a.bytes[$i])}]
	else $truth.counts end | map(select(.objects > 0));
def abs: if . < 0 then -. else . end;
def joined($truth; $rec; $markers): ($markers | INDEX(.marker)) as $at |
	[counted($truth; $rec)[] | . as $c | ([$rec.rows[] | select(.file == $at[$c.marker].file and .line == $at[$c.marker].line)] | first) as $r |
	{marker, size, noscan, objects, bytes, found: ($r.objects // 0), found_bytes: ($r.bytes // 0), samples: ($r.samples // 0), error: ($r.error // 0)}];
'

# Estimates are taken twice (twice, again), and a class that has the period of its refills before two exact windows met it is
# wrong (docs/sampling.md).

# expect_counts WITHIN [CLASSES_WITHIN [COVERED]]: lines with at least 1 % of the bytes are right within so much, the sums of
# the size classes within that, and so many of ten intervals hold the truth.
expect_counts() {
	local wrong
	jq -r -n --slurpfile truth "$truth" --slurpfile rec "$BATS_TEST_TMPDIR/rows" --slurpfile markers <(markers_json rates) "$jq_truth"'
		joined($truth[0]; $rec[0]; $markers[0])[] | "\(.marker): \(.found) of \(.objects | floor), \(.error | floor) stated, \(.samples) samples"'
	jq -c '.extra' "$BATS_TEST_TMPDIR/rows"
	wrong=$(jq -r -n --slurpfile truth "$truth" --slurpfile rec "$BATS_TEST_TMPDIR/rows" --slurpfile markers <(markers_json rates) \
		--argjson within "$1" --argjson classes "${2:-0.01}" --argjson covered "${3:-7}" "$jq_truth"'
		$rec[0] as $rec | joined($truth[0]; $rec; $markers[0]) as $sites | ($sites | map(.bytes) | add) as $sum |
		($sites[] | select(.bytes >= $sum / 100) | select((.found_bytes / .bytes - 1 | abs) > $within) |
			"@\(.marker): \(.found_bytes) bytes instead of \(.bytes | floor)"),
		($sites[] | select(.size > 0 and .found > 0 and .size < 65536) | select(.found_bytes / .found != .size) |
			"@\(.marker): objects of \(.found_bytes / .found) bytes instead of \(.size)"),
		($sites[] | select(.samples > 0 and .samples < 1000 and .error < .found / 100 and .size < 16) |
			"@\(.marker): \(.samples) samples, and an error of only \(.error)"),
		($rec.extra.size_classes | split(",") | map(split(":") | {key: .[0], value: (.[1] | tonumber)}) | from_entries) as $slots |
		# sites whose class no other code fills
		([$sites[] | select(.size >= 24 and .size < 65536) | . + {class: ({"24":"24","32":"32","40":"48","100":"112","128":"128","600":"640","1024":"1024"}[.size | tostring] + (if .noscan then "n" else "" end))}] |
			group_by(.class)[] | (map(.objects) | add) as $n | select(($slots[first.class] / $n - 1 | abs) > $classes) |
			"class \(first.class): \($slots[first.class]) slots for \($n | floor) objects"),
		# a line between two moments is no count: where the load changes, some milliseconds of a window are not known
		(if $truth[0].timeline then 0.002 else 0 end) as $edge |
		([$sites[] | select((.found - .objects | abs) <= .error + .objects * $edge + 1)] | length) as $held |
		(if $held * 10 < ($sites | length) * $covered then "only \($held) of \($sites | length) intervals hold the truth" else empty end),
		(if $rec.losses != 0 then "\($rec.losses) lost" else empty end)') || complain "comparison failed"
	while read -r line; do
		[ -z "$line" ] || complain "$line"
	done <<<"$wrong"
}

# expect_cost PERCENT
expect_cost() {
	local spent
	spent=$(jq -r .extra.overhead_pct "$BATS_TEST_TMPDIR/rows")
	awk -v spent="$spent" -v most="$1" 'BEGIN { exit !(spent > 0 && spent <= most) }' ||
		complain "probes took $spent % of a core, at most $1 expected"
}

versions='1.19 1.22 1.24 1.26 1.27'

@test "sites, classes and errors of a program with two million objects a second" {
	need_bpf
	check() {
		sampled --max-overhead=4 -- "$(build_go rates)" -seconds 6 || return 0
		expect_counts 0.10
		expect_cost 6
	}
	# shellcheck disable=SC2086
	for_each_go again $versions
}

@test "at full speed on two threads, within the default budget" {
	need_bpf
	check() {
		sampled -- "$(build_go rates)" -seconds 6 -rate 0 -workers 2 || return 0
		expect_counts 0.25
		expect_cost 1.6
	}
	for_each_go again 1.23 1.27
}

@test "a budget without end: probes stay, and only the split inside a class is left to chance" {
	need_bpf
	check() {
		sampled --max-overhead=100 -- "$(build_go rates)" -seconds 3 || return 0
		expect_counts 0.06
		[ "$(jq -r '.extra.sample_duty_pct | tonumber > 98' "$BATS_TEST_TMPDIR/rows")" = true ] || complain "probes did not stay"
	}
	for_each_go again 1.21 1.25
}

@test "a strict order, and objects that stay" {
	need_bpf
	check() {
		sampled --max-overhead=4 -- "$(build_go rates)" -seconds 4 -order strict || return 0
		expect_counts 0.15
		sampled --max-overhead=4 -- "$(build_go rates)" -seconds 4 -retain || return 0
		expect_counts 0.15
	}
	for_each_go again 1.24 1.27
}

# One object in 64 of a class comes always at the same distance behind the others: refills alone miss it, or find nothing
# else, depending on how many slots a span has. Exact windows see it.
@test "two sites with the period of the refills of their class" {
	need_bpf
	check() {
		local found
		sampled --max-overhead=5 -- "$(build_go rates)" -seconds 6 -order locked || return 0
		expect_counts 0.35
		found=$(jq -r '.extra.sample_exact_windows' "$BATS_TEST_TMPDIR/rows")
		[ "$found" -ge 3 ] || complain "only $found exact windows"
	}
	for_each_go again 1.19 1.26
}

# expect_buffers WITHIN: lines that make buffers are right within so much. Adds to missed how many intervals do not hold the
# truth: some in a hundred may. A line that was never seen has none.
expect_buffers() {
	jq -r -n --slurpfile truth "$truth" --slurpfile rec "$BATS_TEST_TMPDIR/rows" --slurpfile markers <(markers_json rates) "$jq_truth"'
		joined($truth[0]; $rec[0]; $markers[0])[] | select(.size == 4096 or .size == 2048) |
		"\(.marker) \(.objects | floor) \(.found) \(.error | floor) \(.samples)"' >"$BATS_TEST_TMPDIR/buffers"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/buffers")" -eq 6 ] || complain "rows of buffers: $(cat "$BATS_TEST_TMPDIR/buffers")"
	awk -v within="$1" '
		{ off = $3 > $2 ? $3 - $2 : $2 - $3; printf "@%s: %d of %d, %d stated, %d samples\n", $1, $3, $2, $4, $5 }
		$3 && off > $4 + 1 { missed++ }
		off > within * $2 { bad = 1; print "off by more than " within }
		END { print missed + 0 >"/dev/stderr"; exit bad }' "$BATS_TEST_TMPDIR/buffers" 2>"$BATS_TEST_TMPDIR/missed" ||
		complain "buffers are not right within $1"
	missed=$((missed + $(cat "$BATS_TEST_TMPDIR/missed")))
}

# Buffers of a size that are made in turn, with few slots a span: as long as no span is left half used, refills meet the
# same line every time. Soon the error must allow for that, and after a while the counts must be right.
@test "pairs and fours of large buffers with the period of their refills" {
	need_bpf
	local missed
	check() {
		local program seconds
		program=$(build_go rates)
		for seconds in 3 3 3 9; do
			GOGC=off sampled -- "$program" -seconds $seconds -rate 1000000 -order buffers || return 0
			expect_buffers "$([ $seconds -lt 9 ] && echo 10 || echo 0.35)"
		done
		expect_cost 1.6
	}
	whole() {
		missed=0
		for_each_go again 1.24 1.27 || return 1
		[ "$missed" -le 2 ] || { echo "$missed of 48 intervals do not hold the truth" && return 1; }
	}
	whole || whole
}

# start_rates FILE ARGS...: target runs until it is ended, and is at work. What it counts goes to the file.
start_rates() {
	"$program" -seconds 3600 -timeline "${@:2}" >"$1" 3>&- &
	target=$!
	pids+=("$target")
	wait_on "$target" has_worked "$target" 20
}

end_rates() {
	kill -TERM "$1"
	wait "$1" || complain "the target ended with status $?"
}

@test "a running process, in the middle of its life" {
	need_bpf
	check() {
		local program target
		program=$(build_go rates "$@")
		start_rates "$truth"
		"$ESCAUDIT" record -p "$target" -d 4 --max-overhead=4 -o "$rec" 2>"$BATS_TEST_TMPDIR/err" || complain "record: status $?"
		grep -q '^escaudit: sampled [0-9]* of about [0-9]* objects' "$BATS_TEST_TMPDIR/err" || complain "says: $(cat "$BATS_TEST_TMPDIR/err")"
		end_rates "$target"
		"$rows" "$rec" >"$BATS_TEST_TMPDIR/rows"
		expect_counts 0.10 0.02
	}
	plain() { twice check; }
	pie() { twice check -buildmode=pie -ldflags='-s -w'; }
	for_each_go plain 1.22 1.27
	for_each_go pie 1.26
}

@test "all processes of a binary: totals are scaled by time, and the error says so" {
	need_bpf
	use_go
	check() {
		local program target a b found made
		program=$BATS_TEST_TMPDIR/rates
		cp "$(build_go rates)" "$program"
		start_rates "$truth.a" -rate 500000
		a=$target
		start_rates "$truth.b" -rate 500000
		b=$target
		"$ESCAUDIT" record -x "$program" -d 4 -o "$rec" 2>"$BATS_TEST_TMPDIR/err" || complain "record: $(cat "$BATS_TEST_TMPDIR/err")"
		end_rates "$a"
		end_rates "$b"
		"$rows" "$rec" >"$BATS_TEST_TMPDIR/rows"
		[ "$(jq -r .extra.sample_totals "$BATS_TEST_TMPDIR/rows")" = "scaled by time" ] ||
			complain "totals: $(jq -r .extra.sample_totals "$BATS_TEST_TMPDIR/rows")"
		found=$(jq '[.rows[] | select(.file == "sites.go") | .objects] | add' "$BATS_TEST_TMPDIR/rows")
		made=$(jq -n --slurpfile a "$truth.a" --slurpfile b "$truth.b" --slurpfile rec "$BATS_TEST_TMPDIR/rows" "$jq_truth"'
			[$a, $b | counted(.[0]; $rec[0])[].objects] | add | floor')
		echo "$found of $made"
		[ $((found * 10)) -gt $((made * 5)) ] && [ $((found * 10)) -lt $((made * 16)) ] || complain "$found objects instead of about $made"
	}
	twice check
	[ "$complaints" -eq 0 ]
}

# objects_of RECORDING
objects_of() {
	"$ESCAUDIT" top --json "$1" | jq .totals.objects
}

# sample_runs TIMES OVERHEAD COMMAND...: every process of a program, while it runs so often; sets status.
sample_runs() {
	local times=$1 overhead=$2 messages recorder i
	shift 2
	messages=$(mktemp "$BATS_TEST_TMPDIR/messages.XXXXXX")
	"$ESCAUDIT" record -x "$1" --max-overhead="$overhead" -o "$rec" 2>"$messages" </dev/null 3>&- &
	recorder=$!
	pids+=("$recorder")
	wait_on "$recorder" grep -q waiting "$messages" || { cat "$messages"; return 1; }
	for ((i = 0; i < times; i++)); do
		"$@"
	done
	kill -INT "$recorder"
	status=0
	wait "$recorder" || status=$?
	cp "$messages" "$BATS_TEST_TMPDIR/err"
}

# A program that lives for milliseconds fills few spans: most of what it makes is in those it leaves half used.
@test "short-lived programs, launched or met by their binary" {
	need_bpf
	check() {
		local program=${GO%/*}/gofmt source=$programs/rates/sites.go counted sampled status
		[ -x "$program" ] || { complain "no $program"; return 0; }
		"$ESCAUDIT" record --mode=exact -o "$rec" -- "$program" -l "$source" 2>"$BATS_TEST_TMPDIR/err" || complain "exact: status $?"
		counted=$(objects_of "$rec")
		"$ESCAUDIT" record --mode=sample -o "$rec" -- "$program" -l "$source" 2>"$BATS_TEST_TMPDIR/err" || complain "sample: status $?"
		sampled=$(objects_of "$rec")
		[ $((sampled * 100)) -ge $((counted * 95)) ] && [ $((sampled * 100)) -le $((counted * 105)) ] ||
			complain "launched: $sampled objects instead of $counted"
		sample_runs 10 100 "$program" -l "$source"
		[ "$status" -eq 0 ] || complain "record -x: status $status: $(cat "$BATS_TEST_TMPDIR/err")"
		sampled=$(objects_of "$rec")
		[ $((sampled * 100)) -ge $((counted * 950)) ] && [ $((sampled * 100)) -le $((counted * 1050)) ] ||
			complain "ten of them: $sampled objects instead of ten times $counted"
	}
	for_each_go again 1.19 1.24 1.27
}

# With hardly any budget probes stand for a small part of the time, and most processes come and go in between.
@test "processes that nobody saw allocate before they ended make a recording partial" {
	need_bpf
	use_go
	local program=${GO%/*}/gofmt status
	sample_runs 60 0.05 "$program" -l "$programs/rates/sites.go"
	[ "$status" -eq 3 ] || complain "status $status instead of 3: $(cat "$BATS_TEST_TMPDIR/err")"
	"$ESCAUDIT" top --json "$rec" | jq -e '.losses[] | select(.name == "processes that ended with spans nobody saw") | .count > 5' ||
		complain "no loss: $("$ESCAUDIT" top "$rec" | head -5)"
	[ "$complaints" -eq 0 ]
}

@test "what stands on standard output is the program's own; --max-overhead is for sampling" {
	need_bpf
	use_go
	expect_status 64 "$ESCAUDIT" record --mode=exact --max-overhead=2 -o "$rec" -p 1
	expect_message 'max-overhead'
	expect_status 64 "$ESCAUDIT" record --mode=sample --max-overhead=0 -o "$rec" -- true
	expect_status 64 "$ESCAUDIT" record --mode=sample --max-overhead=101 -o "$rec" -- true
	expect_status 0 "$ESCAUDIT" record --mode=sample -o "$rec" -- "$(build_go rates)" -seconds 1
	jq -e '.mallocs > 1000000' <<<"$out" >/dev/null || complain "the program did not print its counts"
	[ "$complaints" -eq 0 ]
}

# Profile-guided builds inline the slow path of the allocator into its callers: other instructions are probed.
@test "profile-guided builds" {
	need_bpf
	check() {
		local profile
		profile=$(capture_profile) || { complain "no profile"; return 0; }
		sampled --max-overhead=5 -- "$(build_go rates "-pgo=$profile")" -seconds 4 || return 0
		expect_counts 0.15
	}
	for_each_go again 1.24 1.26 1.27
}
