#!/usr/bin/env bats
# Stacks of Go and of C, to the thread's beginning: held against gdb's of the same program, frame by frame (tests/gdb/compare
# says which frames are not compared, and why), and against the counts that the programs print.

load helper
load processes
load mixed

setup() {
	processes_setup
	record_options='' compare_options='' way=''
}

teardown() {
	exec 7>&- || true
	processes_teardown
}

# Versions of which a test takes one where all would take long.
few() {
	[ -n "${ESCAUDIT_TEST_ALL:-}" ] && echo 1.19 1.21 1.22 1.24 1.26 1.27 || echo "$@"
}

# ---- the matrix ----

# One build: a callback, nested ones, a thread that C made; and a C program with a Go library, attached to.
check_cell() {
	local program library what="$cc $cflags"
	program=$(mixed_program) || { complain "does not build with $what" && return 0; }
	launched "$program" callback nested thread || return 0
	expect_counts "$what"
	gdb_sees mixed "callback nested thread" "$program" -few callback nested thread
	as_gdb mixed "callback nested thread" "$what"
	[ -n "$1" ] || return 0
	library=$(built_c mixedhost/lib lib.so -buildmode=c-shared .) || { complain "no library with $what" && return 0; }
	check_attached "$(host_of linked.c "$library")" "$what"
}

# A host that waits, attached to.
check_attached() {
	local host=$1
	start_host "$host" 211 wait
	start_recording -p "$target"
	work
	stop_recording
	read_stacks
	expect_at mixedhost/lib work 211 $((211 * 136)) "$2"
	gdb_sees mixedhost/lib work "$host" 2
	as_gdb mixedhost/lib work "c-shared by -p, $2"
	intact_soon "$target" "after the recording"
	exec 7>&-
	wait "$target" || complain "the host ended with status $?"
}

# expect_at FOLDER MARKER OBJECTS BYTES [WHAT...]
expect_at() {
	local got
	got=$(counts_at "$rec" "$1" "$2")
	[ "$got" = "$3 $4" ] || complain "@$2: $got objects and bytes instead of $3 $4 (${*:5})"
}

# start_host COMMAND...: its input is our descriptor 7; each line that it reads makes it work.
start_host() {
	local input
	input=$(mktemp -u "$BATS_TEST_TMPDIR/input.XXXXXX")
	mkfifo "$input"
	log=$(mktemp "$BATS_TEST_TMPDIR/log.XXXXXX")
	"$@" <"$input" >"$log" 2>&1 3>&- &
	target=$!
	pids+=("$target")
	exec 7>"$input"
	wait_on "$target" grep -q ready "$log" || { cat "$log"; return 1; }
}

work() {
	local bursts
	bursts=$(grep -c burst "$log" || true)
	echo >&7
	wait_for eval "[ \$(grep -c burst '$log') -gt $bursts ]"
}

# Every value of each dimension, or with ESCAUDIT_TEST_ALL=1 every combination. 1: the C program as well.
cells() {
	local version
	if [ -z "${ESCAUDIT_TEST_ALL:-}" ]; then
		cat <<-'END'
			1.19 gcc 1 -O2 -fomit-frame-pointer
			1.21 clang - -O2 -fomit-frame-pointer
			1.22 gcc - -O0
			1.24 clang 1 -O0
			1.26 gcc - -O2 -fomit-frame-pointer
			1.27 clang 1 -O2 -fomit-frame-pointer
		END
		return
	fi
	for version in 1.19 1.21 1.22 1.24 1.26 1.27; do
		for cc in gcc clang; do
			echo "$version $cc 1 -O0"
			echo "$version $cc 1 -O2 -fomit-frame-pointer"
		done
	done
}

@test "Go versions, compilers, optimization: callback, nested, thread of C, C program: counts exact, stacks as gdb has them" {
	need_mixed
	local version with_host
	while read -r version cc with_host cflags; do
		check() { check_cell "${with_host#-}"; }
		for_each_go check "$version" || true
		wrong=$((${wrong:-0} + complaints))
	done < <(cells)
	[ "$wrong" -eq 0 ]
}

# ---- ways through C ----

@test "C++ and exceptions, large frames, 50 frames, qsort, a signal's handler, memory of C, inlined C: as gdb has them" {
	need_mixed
	local scenarios="plain paths cxx big deep compare signal malloc inlined"
	check() {
		local program
		program=$(mixed_program) || { complain "does not build" && return 0; }
		# shellcheck disable=SC2086
		launched "$program" $scenarios || return 0
		expect_counts
		# shellcheck disable=SC2086
		gdb_sees mixed "$scenarios" "$program" -few $scenarios
		as_gdb mixed "$scenarios" "$cc $cflags"
	}
	for_each_go check 1.19 1.27
	[ -n "${ESCAUDIT_TEST_ALL:-}" ] || return 0
	cc=clang cflags=-O0
	for_each_go check
}

@test "two ways through C in a program far up are two stacks, from the first on" {
	need_mixed
	use_go
	launched "$(mixed_program -ldflags='-linkmode=external -extldflags "-no-pie -Wl,-Ttext-segment=0x20000000"')" paths
	expect_stack mixed paths 107 '.* <- common <- left_way <- paths <- .*main.main.*'
	expect_stack mixed paths 109 '.* <- common <- right_way <- paths <- .*main.main.*'
	[ "$complaints" -eq 0 ]
}

@test "two ways through C that part where the copy of the stack ends are two stacks, or say that they are cut" {
	need_mixed
	use_go
	local near far
	launched "$(mixed_program)" -rounds 3 edge
	expect_counts
	near=$(stacks_at mixed edge | grep ' <- near_way <- ' | awk '{n += $1} END {print n + 0}')
	far=$(stacks_at mixed edge | grep ' <- far_way <- ' | awk '{n += $1} END {print n + 0}')
	[ "$near" -gt 130 ] && [ "$near" -eq "$far" ] || complain "$near objects by one, $far by the other"
	expect_stack mixed edge $((366 - near - far)) '.* <- with_large_frame <- \[C frames cut: more stack than was copied, or another one\] <- .*main\.main <- .*'
	[ "$complaints" -eq 0 ]
}

@test "two ways through C to one callback are two stacks" {
	need_mixed
	check() {
		launched "$(mixed_program)" -rounds 3 paths || return 0
		expect_stack mixed paths 321 '.* <- common <- left_way <- paths <- .*main.main.*'
		expect_stack mixed paths 327 '.* <- common <- right_way <- paths <- .*main.main.*'
		[ "$(stacks_at mixed paths | wc -l)" -eq 2 ] || complain "not two stacks: $(stacks_at mixed paths)"
	}
	for_each_go check 1.19 1.27
}

@test "sites of a package: also what C calls, inlined into what cgo makes for it" {
	need_mixed
	use_go
	local program file line
	program=$(mixed_program)
	read -r file line < <(line_of mixed callback)
	"$ESCAUDIT" sites --json "$program" | jq -e --argjson line "$line" \
		'.sites[] | select(.line == $line and .function == "main.goCallback").inline[-1].function | startswith("_cgoexp_")' \
		>/dev/null || complain "not inlined there: $file:$line"
	"$ESCAUDIT" sites --json --package=main "$program" | jq -e --argjson line "$line" \
		'[.sites[] | select(.line == $line and .function == "main.goCallback")] | length == 1' >/dev/null ||
		complain "$file:$line is not among those of main"
	[ "$complaints" -eq 0 ]
}

@test "annotate takes an exported function by its short name" {
	need_mixed
	use_go
	local file line got
	launched "$(mixed_program)" callback
	read -r file line < <(line_of mixed callback)
	got=$("$ESCAUDIT" annotate --json "$rec" goCallback | jq --argjson line "$line" '.lines[] | select(.line == $line).objects')
	[ "$got" = 101 ] || complain "at $file:$line: $got objects: $("$ESCAUDIT" annotate "$rec" goCallback 2>&1)"
	[ "$complaints" -eq 0 ]
}

@test "addresses of data on a C stack do not make it another; the window ends in time, also where they do" {
	need_mixed
	check() {
		local stacks
		launched "$(mixed_program)" -same -stacks 5003 many || return 0
		expect_counts
		[ "$(stacks_at mixed many | wc -l)" -eq 1 ] || complain "not one stack: $(stacks_at mixed many | head -n 5)"
		stacks=$(sed -nE 's/.* objects on ([0-9]+) stacks .*/\1/p' "$rec.messages")
		[ "$stacks" -lt 1000 ] || complain "$stacks stacks were seen"
		timeout "$patience" "$ESCAUDIT" record -d 1 -o "$rec" -- "$(mixed_program)" -same -stacks 300007 many >/dev/null 2>"$rec.messages"
		"$ESCAUDIT" top --json "$rec" | jq -e '.window.seconds < 3' >/dev/null || complain "$(cat "$rec.messages")"
	}
	for_each_go check 1.19 1.27
}

@test "as many stacks as objects, alike in everything of Go's: none merged, none lost" {
	need_mixed
	use_go
	local n=1009 distinct
	[ -z "${ESCAUDIT_TEST_ALL:-}" ] || n=10007
	launched "$(mixed_program)" -stacks $n many
	expect_counts
	distinct=$(stacks_at mixed many | grep -c '^1 ' || true)
	[ "$distinct" -eq $n ] || complain "$distinct stacks with one object instead of $n"
	# The way is the number's bits.
	stacks_at mixed many | sed -E 's/^1 .* <- goMany <- (.*) <- many <- .*/\1/; s/next_bit <- //g' |
		awk -F ' <- ' '{n = 0; for (i = 1; i < NF; i++) n = 2 * n + ($i == "one_bit"); if (n in seen) print "twice: " n; seen[n]} END {for (i = 0; i < '$n'; i++) if (!(i in seen)) print "missing: " i}' \
		>"$BATS_TEST_TMPDIR/ways"
	[ ! -s "$BATS_TEST_TMPDIR/ways" ] || complain "$(head -n 5 "$BATS_TEST_TMPDIR/ways")"
	[ "$complaints" -eq 0 ]
}

@test "what C calls has its verdict like any other line, and counts for C where that is asked for" {
	need_mixed
	use_go
	local got file line
	launched "$(mixed_program)" callback paths plain
	got=$("$ESCAUDIT" top --charge=c --json --limit 0 "$rec" |
		jq -r '[.charge, (.lines[] | select(.type // "" | test("^main.*Object$")) | "\(.function) \(.file) \(.objects)")] | sort | join(", ")')
	[[ $got =~ ^"c, common mixed.c 216, inner mixed.c 101, main.plain main.go "[0-9]+$ ]] || complain "charged to C: $got"
	read -r file line < <(line_of mixed callback)
	(cd "$programs/mixed" && CGO_ENABLED=1 "$ESCAUDIT" audit --json --go "$GO" . -- callback) 2>/dev/null | sed -n '/^{$/,$p' >"$BATS_TEST_TMPDIR/audit"
	got=$(jq -r --arg line "$line" '.verdicts[] | select(.file == "main.go" and .line == ($line | tonumber) and .objects > 0) | "\(.verdict) \(.objects) \(.expr)"' \
		"$BATS_TEST_TMPDIR/audit")
	[ "$got" = 'confirmed 101 new(callbackObject)' ] || complain "verdict of $file:$line: $got"
	[ "$complaints" -eq 0 ]
}

@test "a stack that is cut says so, in every output" {
	need_mixed
	use_go
	local cut
	launched "$(mixed_program)" cut
	expect_counts
	expect_stack mixed cut 139 'main\.goCut <- .* <- deeper <- deeper <- .*\[C frames cut: [^]]+\] <- .*main\.cut <- .*main\.main <- .*'
	cut=$(grep -oE '\[C frames cut: [^]]+\]' "$rec.folded" | sort -u | head -n 1)
	[ -n "$cut" ] || complain "not in folded stacks"
	echo "as: $cut"
	"$ESCAUDIT" export --format=html "$rec" | grep -qF "${cut:-[C frames cut}" || complain "not in the page"
	"$GO" tool pprof -sample_index=alloc_objects -top -cum -nodecount=10000 -nodefraction=0 "$rec" 2>/dev/null | grep -qF "${cut:-[C frames cut}" ||
		complain "not in pprof's table"
	# How many there are of it, where stacks are not shown.
	"$ESCAUDIT" top "$rec" >"$BATS_TEST_TMPDIR/top"
	grep -qi 'C frames' "$BATS_TEST_TMPDIR/top" || { complain "not in top" && head -n 5 "$BATS_TEST_TMPDIR/top"; }
	[ "$("$ESCAUDIT" top --json --limit 0 "$rec" | grep -ci 'C frames\|c_frames\|c_cut')" -gt 0 ] || complain "not in top --json"
	# One that ends of itself is not said to be cut.
	launched "$(mixed_program)" callback nested thread compare signal deep
	! grep -F '[C frames cut' "$rec.folded" || complain "cut, and they are whole"
	[ "$complaints" -eq 0 ]
}

# ---- builds ----

@test "without symbols: C frames by module and offset, and the same; Go's as ever" {
	need_mixed
	check() {
		local program bare
		program=$(mixed_program) || { complain "does not build" && return 0; }
		bare=$BATS_TEST_TMPDIR/bare/${program##*/}
		mkdir -p "${bare%/*}"
		strip -o "$bare" "$program"
		launched "$bare" callback nested paths compare inlined || return 0
		expect_counts
		gdb_sees mixed "callback nested paths compare inlined" "$program" -few callback nested paths compare inlined
		compare_options="--stripped $bare" as_gdb mixed "callback nested paths compare inlined" stripped
	}
	for_each_go check 1.19 1.27
}

@test "symbols without debug information: functions by the symbol table" {
	need_mixed
	use_go
	cflags='-O2 -fomit-frame-pointer -g0'
	launched "$(mixed_program)" callback
	expect_counts
	expect_stack mixed callback 101 'main\.goCallback <- .*runtime\.cgocallback <- .*goCallback <- inner <- outer <- .*runtime\.cgocall <- .*main\.callback <- main\.run <- main\.main <- .*'
	[ "$complaints" -eq 0 ]
}

@test "-fcf-protection, -fstack-protector, -fstack-clash-protection, -pie" {
	need_mixed
	cflags='-O2 -fomit-frame-pointer -fcf-protection=full -fstack-protector-all -fstack-clash-protection'
	check() {
		local program
		program=$(mixed_program -buildmode=pie) || { complain "does not build" && return 0; }
		launched "$program" callback nested thread cxx big || return 0
		expect_counts
		gdb_sees mixed "callback nested thread cxx big" "$program" -few callback nested thread cxx big
		as_gdb mixed "callback nested thread cxx big" "$cflags"
	}
	for_each_go check $(few 1.27)
}

# ---- hosts ----

# check_host OBJECTS COMMAND...: launched, from the library's first allocation on, as gdb has it. OBJECTS is the end of its last word.
check_host() {
	local objects=$1
	shift
	launched "$@" || return 0
	expect_at mixedhost/lib work "$objects" $((objects * 136)) "$*"
	expect_at mixedhost/lib first 7 $((7 * 128)) "$*"
	# What is loaded by dlopen gdb's script does not stop in.
	if [ -n "$way" ]; then
		expect_stack mixedhost/lib work "$objects" "$way"
		return 0
	fi
	gdb_sees mixedhost/lib work "${@:1:$#-1}" "$(sed "s/$objects\$/4/" <<<"${*: -1:1}")"
	as_gdb mixedhost/lib work "$*"
}

@test "a C program and a C++ program linked with a Go library, launched" {
	need_mixed
	check() {
		local library
		library=$(built_c mixedhost/lib lib.so -buildmode=c-shared .) || { complain "no library" && return 0; }
		check_host 223 "$(host_of linked.c "$library")" 223
		check_host 227 "$(host_of linked.cc "$library")" 227
	}
	for_each_go check 1.19 1.27
}

@test "a C program that loads a Go library, early and late" {
	need_mixed
	check() {
		local library host
		library=$(built_c mixedhost/lib lib.so -buildmode=c-shared .) || { complain "no library" && return 0; }
		host=$(host_of loading.c -ldl)
		way='main\.Work <- .*Work <- host_inner <- host_outer <- main <- .*_start'
		check_host 229 "$host" 0 "$library:229"
		check_host 233 "$host" 700 "$library:233"
	}
	for_each_go check 1.21 1.27
}

@test "two ways through a library in C that was opened this very moment are two stacks" {
	need_mixed
	use_go
	local library
	library=$(built_c mixedhost/lib lib.so -buildmode=c-shared .)
	# Long enough to have the first stacks understood before it comes.
	launched "$(host_of loading.c -ldl)" 700 "$library:271" "$(host_of ways.c -shared -fPIC):277"
	expect_stack mixedhost/lib work 271 'main\.Work <- .*Work <- host_inner <- host_outer <- main <- .*_start'
	expect_stack mixedhost/lib work 277 'main\.Work <- .*Work <- to_the_left <- both_ways <- main <- .*_start'
	expect_stack mixedhost/lib work 554 'main\.Work <- .*Work <- to_the_right <- both_ways <- main <- .*_start'
	[ "$complaints" -eq 0 ]
}

@test "a library in C that comes to lie where another one was: stacks have the one they ran in" {
	need_mixed
	use_go
	local library host
	library=$(built_c mixedhost/lib lib.so -buildmode=c-shared .)
	host=$(host_of loading.c -ldl)
	check() {
		launched "$host" 300 "$library:1" "$(host_of ways.c -shared -fPIC):281" \
			"$(host_of ways.c -shared -fPIC -Dto_the_left=one_way -Dto_the_right=other_way):283" || return 0
		expect_stack mixedhost/lib work 281 'main\.Work <- .*Work <- to_the_left <- both_ways <- main <- .*_start'
		expect_stack mixedhost/lib work 562 'main\.Work <- .*Work <- to_the_right <- both_ways <- main <- .*_start'
		expect_stack mixedhost/lib work 283 'main\.Work <- .*Work <- one_way <- both_ways <- main <- .*_start'
		expect_stack mixedhost/lib work 566 'main\.Work <- .*Work <- other_way <- both_ways <- main <- .*_start'
	}
	for_each_go check 1.27
}

@test "a C program with a Go archive in it, also as static PIE" {
	need_mixed
	check() {
		local library
		library=$(built_c mixedhost/lib lib.a -buildmode=c-archive .) || { complain "no library" && return 0; }
		check_host 239 "$(host_of linked.c "$library" -lpthread)" 239
		check_host 241 "$(host_of linked.c -static-pie "$library")" 241
	}
	for_each_go check 1.22 1.27
}

@test "a script in Python with an extension in Go" {
	need_mixed
	[ -x /usr/bin/python3 ] || skip_or_fail "no /usr/bin/python3"
	use_go
	local library
	library=$(built_c mixedhost/lib lib.so -buildmode=c-shared .)
	way='main\.Work <- .*runtime\.cgocallback <- .*Work <- .*_start'
	check_host 251 /usr/bin/python3 "$programs/mixedhost/script.py" "$library" 251
	[ "$complaints" -eq 0 ]
}

@test "two Go libraries in one C program, launched: the first is in the file that was named, the other is named" {
	need_mixed
	local one two host
	use_go 1.19
	one=$(built_c mixedhost/lib lib.so -buildmode=c-shared .)
	use_go 1.27
	two=$(built_c mixedhost/lib lib.so -buildmode=c-shared .)
	host=$(host_of loading.c -ldl)
	launched "$host" 0 "$one:257" "$two:263" || true
	# One is recorded from its first allocation, and the other is named.
	expect_at mixedhost/lib work 257 $((257 * 136))
	expect_at mixedhost/lib first 7 $((7 * 128))
	grep -qF "$two" "$rec.messages" || complain "the other library is not named: $(cat "$rec.messages")"
	[ "$complaints" -eq 0 ]
}

@test "a plugin whose C calls its Go" {
	need_mixed
	check() {
		local host plugin
		host=$(built_c mixedhost plughost ./plughost) && plugin=$(built_c mixedhost plug.so -buildmode=plugin ./plug) ||
			{ complain "does not build" && return 0; }
		rec=$BATS_TEST_TMPDIR/rec
		# A plugin that comes during the window may be covered in part: then the status says so.
		timeout "$patience" "$ESCAUDIT" record -o "$rec" -- "$host" 269 "$plugin" >/dev/null 2>"$rec.messages" </dev/null ||
			{ complain "status $?: $(cat "$rec.messages")" && return 0; }
		read_stacks
		expect_at mixedhost/plug plugged 269 $((269 * 144))
		expect_stack mixedhost/plug plugged 269 '.*plug\.goPlugged <- .*runtime\.cgocallback <- .*goPlugged <- host_inner <- host_outer <- plug_outer <- .*runtime\.cgocall <- .*plug\.Work <- main\.main <- .*'
	}
	for_each_go check 1.21 1.27
}

# ---- recording ----

@test "escaudit killed while C calls Go: the program goes on, its text is whole, the next recording is right" {
	need_mixed
	use_go
	burst() {
		local bursts
		bursts=$(grep -c burst "$log" || true)
		kill -USR1 "$target"
		wait_for eval "[ \$(grep -c burst '$log') -gt $bursts ]"
	}
	start "$(own_copy "$(mixed_program)")" -wait callback nested thread paths
	start_recording -p "$target"
	burst
	kill -KILL "$recorder"
	wait "$recorder" || true
	burst
	intact_soon "$target" "after escaudit was killed"
	start_recording -p "$target"
	burst
	stop_recording
	read_stacks
	truth=$BATS_TEST_TMPDIR/truth
	printf '{"marker":"%s","objects":%d}\n' callback 101 nested 103 thread 113 paths 216 >"$truth"
	expect_counts
	expect_stack mixed paths 107 '.* <- common <- left_way <- paths <- .*main.main.*'
	burst
	kill -TERM "$target"
	wait "$target" || true
	[ "$complaints" -eq 0 ]
}

@test "the same stacks in a sample" {
	need_mixed
	use_go
	local program args=(-rounds 6000 callback nested paths thread)
	program=$(mixed_program)
	check() {
		record_options='--mode=sample --max-overhead=20' launched "$program" "${args[@]}" || return 0
		compare_options=--subset as_gdb mixed "callback nested paths" sampled
	}
	gdb_sees mixed "callback nested paths thread" "$program" -few callback nested paths thread
	twice check
	[ "$(stacks_at mixed paths | wc -l)" -eq 2 ] || complain "paths in the sample: $(stacks_at mixed paths)"
	[ "$complaints" -eq 0 ]
}

# ---- programs of others ----

# The exporter's own counter. The answer to one question allocates, which the next one counts.
mallocs() {
	curl -sf "http://127.0.0.1:$port/metrics" | awk '$1 == "go_memstats_mallocs_total" {printf "%d\n", $2}'
}

# Within two readings of the daemon's own counter, and around all between two others.
count_exporter() {
	local outer_before inner_before inner_after outer_after objects
	outer_before=$(mallocs)
	start_recording -p "$target"
	inner_before=$(mallocs)
	for _ in 1 2 3 4 5 6 7 8; do mallocs >/dev/null; done
	inner_after=$(mallocs)
	stop_recording
	wait_for is_intact "$target"
	outer_after=$(mallocs)
	objects=$(objects_of "$rec")
	echo "recorded $objects, its own counter says $((inner_after - inner_before)) to $((outer_after - outer_before))"
	[ "$objects" -ge $((inner_after - inner_before)) ] || complain "$objects recorded, at least $((inner_after - inner_before)) made"
	[ "$objects" -le $((outer_after - outer_before)) ] || complain "$objects recorded, at most $((outer_after - outer_before)) made"
	[ "$objects" -gt 5000 ] || complain "only $objects objects: no load"
	expect_no_losses
}

# As Debian ships it: a module of PAM that is Go, and a program in C that loads it.
pam_setup() {
	local module
	module=$("$top/scripts/daemons" --list | sed -n 's/^libpam-fscrypt //p')
	tester=$("$top/scripts/daemons" --list | sed -n 's/^pamtester //p')
	[ -n "$module" ] && [ -n "$tester" ] || skip_or_fail "no libpam-fscrypt or no pamtester: run scripts/daemons"
	module=$(own_copy "$module")
	pam=$BATS_TEST_TMPDIR/pam.d
	mkdir "$pam"
	printf 'auth optional pam_unix.so\nauth required pam_permit.so\nsession optional %s\nsession required pam_permit.so\n' \
		"$module" >"$pam/module"
}

# Where /etc/pam.d is ours, for this command only.
with_pam() {
	# shellcheck disable=SC2016
	unshare --mount --propagation private sh -c 'mount --bind "$0" /etc/pam.d && exec "$@"' "$pam" "$@"
}

# From Go by way of libpam to the beginning; there is debug information for neither.
pam_way='main\.pam_sm_NAME_session <- .*runtime\.cgocallback <- .*pam_sm_NAME_session <- libpam\.so[^ ]* <- (pam_NAME_session <- )?(pamtester[^ ]* <- )+.*__libc_start.* <- pamtester[^ ]*$'

expect_pam_stacks() {
	local name way
	for name in "$@"; do
		way=${pam_way//NAME/$name}
		# From the leaf outward, as in the pattern.
		tac_frames <"$rec.folded" | grep -qE -- "$way" || { complain "no stack from pam_${name}_session" && tac_frames <"$rec.folded" | grep -F _session | head -n 5; }
	done
	! grep -F '[C frames cut' "$rec.folded" || complain "cut"
	expect_no_losses
}

tac_frames() {
	awk -F ';' '{sub(/ [0-9]+$/, ""); line = $NF; for (i = NF - 1; i; i--) line = line " <- " $i; print line}'
}

@test "Debian's own module of PAM that is Go, in Debian's own program in C: launched, and by its process id" {
	need_bpf
	use_go
	local tester pam shell
	pam_setup
	rec=$BATS_TEST_TMPDIR/rec
	with_pam "$ESCAUDIT" record -o "$rec" -- "$tester" module root open_session close_session >"$rec.messages" 2>&1 </dev/null ||
		complain "status $?: $(cat "$rec.messages")"
	read_stacks
	expect_pam_stacks open close
	# Its input is our descriptor 7: between the two it waits for a password there, whichever.
	mkfifo "$BATS_TEST_TMPDIR/input"
	log=$BATS_TEST_TMPDIR/log
	with_pam "$tester" module root open_session authenticate close_session <"$BATS_TEST_TMPDIR/input" >"$log" 2>&1 3>&- &
	shell=$!
	pids+=("$shell")
	exec 7>"$BATS_TEST_TMPDIR/input"
	wait_on "$shell" grep -qi password "$log" || { cat "$log"; return 1; }
	target=$(child_of "$shell" "$tester")
	start_recording -p "$target"
	echo none >&7
	exec 7>&-
	wait "$shell" || complain "the program's status: $?: $(cat "$log")"
	stop_recording
	read_stacks
	expect_pam_stacks close
	! grep -qF pam_sm_open_session "$rec.folded" || complain "what was over when it was attached to"
	[ "$complaints" -eq 0 ]
}

# Another one, prometheus itself, is in daemon.bats. Neither has C that calls Go: there is to be no sign of any.
@test "Debian's node exporter, which has C in it, by its process id: every object" {
	need_bpf
	use_go
	command -v curl >/dev/null || skip_or_fail "no curl: run make deps"
	local program port
	program=$("$top/scripts/daemons" --list | sed -n 's/^prometheus-node-exporter //p')
	[ -n "$program" ] || skip_or_fail "no prometheus-node-exporter: run scripts/daemons"
	log=$BATS_TEST_TMPDIR/log
	"$(own_copy "$program")" --web.listen-address=127.0.0.1:0 >"$log" 2>&1 </dev/null 3>&- &
	target=$!
	pids+=("$target")
	wait_on "$target" eval 'port=$(port_of "$target")' || { tail -n 5 "$log"; return 1; }
	wait_on "$target" eval '[ -n "$(mallocs)" ]'
	twice count_exporter
	read_stacks
	! grep -F '[C frames cut' "$rec.folded" || complain "C frames in a program whose C calls nobody"
	[ -n "$(mallocs)" ] || complain "it does not answer any more"
	[ "$complaints" -eq 0 ]
}
