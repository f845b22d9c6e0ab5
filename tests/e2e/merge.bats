#!/usr/bin/env bats
# Sums of recordings of one build.

load helper

setup() {
	complaints=0
}

@test "merge adds up replicas of one build" {
	need_bpf
	use_go
	local d=$BATS_TEST_TMPDIR program a b sum file line
	program=$(build_go scenarios)
	expect_status 0 "$ESCAUDIT" record -o "$d/a.gz" -- "$program" -n 100
	expect_status 0 "$ESCAUDIT" record -o "$d/b.gz" -- "$program" -n 37
	expect_status 0 "$ESCAUDIT" merge -o "$d/sum.gz" "$d/a.gz" "$d/b.gz"
	a=$("$ESCAUDIT" top --json "$d/a.gz" | jq .totals.objects)
	b=$("$ESCAUDIT" top --json "$d/b.gz" | jq .totals.objects)
	sum=$("$ESCAUDIT" top --json "$d/sum.gz" | jq .totals.objects)
	[ "$sum" -eq $((a + b)) ] || complain "$sum instead of $a + $b"
	[ "$(counts_at "$d/sum.gz" scenarios Y5-pointer)" = "137 2192" ] || complain "Y5: $(counts_at "$d/sum.gz" scenarios Y5-pointer)"
	# go tool pprof reads it, totals and comments too
	"$GO" tool pprof -comments "$d/sum.gz" 2>/dev/null | grep -qE "^replica.2=file=b\.gz .* objects=$b " || complain "no replica.2"
	"$GO" tool pprof -sample_index=alloc_objects -raw "$d/sum.gz" >/dev/null 2>&1 || complain "pprof cannot read it"
	# what each contributed, by line
	read -r file line < <(line_of scenarios Y5-pointer)
	"$ESCAUDIT" top --json --by-replica --limit 0 "$d/sum.gz" >"$d/json"
	jq -e --arg file "$file" --argjson line "$line" '(.replicas | map(.file)) == ["a.gz", "b.gz"] and
		([.lines[] | select(.file == $file and .line == $line) | .replicas[] | [.replica, .objects, .bytes]] ==
		[[1, 100, 1600], [2, 37, 592]])' "$d/json" >/dev/null || complain "by replica: $(jq -c '.replicas, .lines[0:3]' "$d/json")"
	jq -e '.lines | all(.objects == ([.replicas[].objects] | add) and .bytes == ([.replicas[].bytes] | add))' "$d/json" >/dev/null ||
		complain "the replicas' counts do not add up"
	"$ESCAUDIT" top --by-replica "$d/sum.gz" | grep -qE 'OBJECTS +#1 +#2 +LINE' || complain "no column for each replica"
	expect_status 2 "$ESCAUDIT" top --by-replica "$d/a.gz"
	expect_message 'not merged'
	# the order does not matter for what is in it
	expect_status 0 "$ESCAUDIT" merge -o "$d/other.gz" "$d/b.gz" "$d/a.gz"
	diff <("$ESCAUDIT" top --json "$d/sum.gz" | jq -c '.lines[]') <("$ESCAUDIT" top --json "$d/other.gz" | jq -c '.lines[]') ||
		complain "the order matters"
	# a merged one can be merged
	expect_status 0 "$ESCAUDIT" record -o "$d/c.gz" -- "$program" -n 1
	expect_status 0 "$ESCAUDIT" merge -o "$d/three.gz" "$d/sum.gz" "$d/c.gz"
	[ "$(counts_at "$d/three.gz" scenarios Y5-pointer)" = "138 2208" ] || complain "three"
	[ "$("$ESCAUDIT" top --json --by-replica "$d/three.gz" | jq -c '[.replicas[].file]')" = '["a.gz","b.gz","c.gz"]' ] ||
		complain "replicas of three"
	expect_status 2 "$ESCAUDIT" merge -o "$d/twice.gz" "$d/three.gz" "$d/b.gz"
	expect_message 'same recording'
	[ "$complaints" -eq 0 ]
}

@test "merge refuses other builds, one recording twice, and misuse" {
	need_bpf
	use_go
	local d=$BATS_TEST_TMPDIR
	expect_status 0 "$ESCAUDIT" record -o "$d/a.gz" -- "$(build_go scenarios)" -n 1
	expect_status 0 "$ESCAUDIT" record -o "$d/b.gz" -- "$(build_go scenarios -gcflags=-l)" -n 1
	expect_status 2 "$ESCAUDIT" merge -o "$d/sum.gz" "$d/a.gz" "$d/b.gz"
	expect_message 'b\.gz.*a\.gz.*different builds'
	expect_status 2 "$ESCAUDIT" merge -o "$d/sum.gz" "$d/a.gz" "$d/a.gz"
	expect_message 'same recording'
	[ ! -e "$d/sum.gz" ] || complain "something was written"
	expect_status 64 "$ESCAUDIT" merge -o "$d/sum.gz" "$d/a.gz"
	expect_status 64 "$ESCAUDIT" merge "$d/a.gz" "$d/b.gz"
	cp "$d/a.gz" "$d/a.before"
	expect_status 64 "$ESCAUDIT" merge -o "$d/./a.gz" "$d/a.gz" "$d/b.gz"
	cmp "$d/a.gz" "$d/a.before" || complain "a part of the sum was written over"
	expect_status 2 "$ESCAUDIT" merge -o "$d/sum.gz" "$d/a.gz" /nonexistent
	[ "$complaints" -eq 0 ]
}
