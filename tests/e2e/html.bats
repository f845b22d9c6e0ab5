#!/usr/bin/env bats
# The page of export --format=html, as somebody uses it: in a browser, with pointer and keys. ESCAUDIT_SHOTS=DIR keeps pictures.

load helper
load browser

setup_file() {
	need_bpf
	use_go
	(cd "$programs/scenarios" && "$ESCAUDIT" audit --go "$GO" -o "$BATS_FILE_TMPDIR/r.gz" --predictions "$BATS_FILE_TMPDIR/r.pred" . -- -n 200 \
		>/dev/null 2>&1)
	"$ESCAUDIT" export --format=html --predictions "$BATS_FILE_TMPDIR/r.pred" -o "$BATS_FILE_TMPDIR/page.html" "$BATS_FILE_TMPDIR/r.gz"
	browser_start
}

teardown_file() {
	browser_stop
}

setup() {
	complaints=0
	rec=$BATS_FILE_TMPDIR/r.gz
	pred=$BATS_FILE_TMPDIR/r.pred
	page=$BATS_FILE_TMPDIR/page.html
}

# is EXPRESSION WANTED [EXPRESSION WANTED...]: of the page, all asked for at once, until it is so: a page may draw later than it
# is told to.
is() {
	local values=() value
	! wait_for are "$@" || return 0
	for value in "${values[@]}"; do
		[ "$value" = "$2" ] || complain "$1 is '$value', not '$2'"
		shift 2
	done
}

# Sets values.
are() {
	local expressions=() i all=("$@")
	for ((i = 0; i < $#; i += 2)); do
		expressions+=("String(${all[i]})")
	done
	mapfile -t values < <(js "[$(IFS=,; echo "${expressions[*]}")]" | jq -r '.[]? // .')
	for ((i = 0; i < $#; i += 2)); do
		[ "${values[i / 2]:-}" = "${all[i + 1]}" ] || return 1
	done
}

# is_other BEFORE EXPRESSION: no longer what it was.
is_other() {
	wait_for differs "$@" || complain "$2 is still '$1'"
}

differs() {
	[ "$(js "$2")" != "$1" ]
}

quiet_console() {
	local said
	said=$(console)
	[ -z "$said" ] || complain "console: $said"
}

shot() {
	[ -z "${ESCAUDIT_SHOTS:-}" ] || screenshot "$ESCAUDIT_SHOTS/$1.png"
}

readable() {
	wait_for has_contrast || complain "too little contrast: $(low_contrast)"
}

low_contrast() {
	js "$(sed '/^\/\*/d' "$BATS_TEST_DIRNAME/contrast.js")"
}

has_contrast() {
	[ -z "$(low_contrast)" ]
}

frame_named() {
	js "[...document.querySelectorAll('.frame')].filter(e => e.textContent === '$1').map(e => e.dataset.frame)[0] ?? -1"
}

@test "the page says nothing on the console, loads nothing, and adds up to what top says" {
	open_page "$page"
	is 'document.title' 'example.com/escaudit/scenarios – escaudit' \
		'performance.getEntriesByType("resource").length' 0 \
		"document.querySelectorAll('.frame').length > 5" true
	local totals
	totals=$("$ESCAUDIT" top --json "$rec" | jq -c '[.totals.bytes, .totals.objects]')
	is "JSON.stringify([+total.dataset.bytes, +total.dataset.objects])" "$totals"
	# every line, also those that say nothing at first
	js '[...document.querySelectorAll(".chip[aria-pressed=false]")].forEach(e => e.click())' >/dev/null
	is 'document.querySelector("#more").hidden' true \
		'JSON.stringify([...document.querySelectorAll("#table tbody tr")].reduce((s, tr) => [s[0] + +tr.dataset.bytes, s[1] + +tr.dataset.objects], [0, 0]))' \
		"$totals" \
		"document.querySelectorAll('#table tbody tr .tag').length" "$("$ESCAUDIT" export --format=html --predictions "$pred" "$rec" |
		sed -n '/^<script type="application\/json"/,/^<\/script>/p' | sed '1d;$d' | jq '.rows.account | length')" \
		'document.querySelector("#table tfoot tr").dataset.bytes' "$(jq '.[0]' <<<"$totals")"
	# verdicts are those of the text report
	is "[...document.querySelectorAll('#table tbody tr')].filter(tr => tr.querySelector('.tag').textContent === 'confirmed').length" \
		"$("$ESCAUDIT" compare --json "$pred" "$rec" | jq '.totals.confirmed.verdicts')" \
		"document.querySelector('#facts').textContent.includes('of the same build')" true
	quiet_console
	[ "$complaints" -eq 0 ]
}

@test "search, sorting and verdicts filter the lines" {
	open_page "$page"
	local all
	all=$(js 'document.querySelectorAll("#table tbody tr").length')
	press /
	is 'document.activeElement.id' search
	press y 5 p o i n t e r
	is 'document.querySelectorAll("#table tbody tr").length' 1 \
		"document.querySelector('#table tbody tr').textContent.includes('main.y5pointer')" true \
		"document.querySelector('#found').textContent.includes('of the bytes in stacks that match')" true \
		"document.querySelectorAll('.frame.faded').length > 0" true
	shot search
	press Escape
	is 'document.querySelector("#search").value' '' \
		'document.querySelectorAll("#table tbody tr").length' "$all" \
		"document.querySelectorAll('.frame.faded').length" 0
	press Escape
	is 'document.activeElement.tagName' BODY
	# the type column, both ways
	click '#table th:nth-child(7) button'
	is "document.querySelector('#table th:nth-child(7)').getAttribute('aria-sort')" ascending \
		'(t => t.every((x, i) => i === 0 || t[i - 1] <= x))([...document.querySelectorAll("#table tbody td:nth-child(7)")].map(e => e.textContent))' true
	click '#table th:nth-child(7) button'
	is '(t => t.every((x, i) => i === 0 || t[i - 1] >= x))([...document.querySelectorAll("#table tbody td:nth-child(7)")].map(e => e.textContent))' true
	click '.chip[data-group=confirmed]'
	is "[...document.querySelectorAll('#table tbody .tag')].some(e => e.textContent === 'confirmed')" false
	quiet_console
	[ "$complaints" -eq 0 ]
}

@test "stacks are zoomed into by pointer and by keys" {
	open_page "$page"
	click '#unit label:nth-of-type(2)'
	local main total
	main=$(frame_named main.main)
	[ "$main" -ge 0 ] || complain "no frame main.main"
	total=$(js 'document.querySelector(".frame[data-frame=\"0\"]").offsetWidth')
	is "document.querySelector('.frame[data-frame=\"$main\"]').offsetWidth < $total" true
	click ".frame[data-frame=\"$main\"]"
	is "document.querySelector('.frame[data-frame=\"$main\"]').offsetWidth" "$total" \
		"document.activeElement.dataset.frame" "$main" \
		"document.querySelector('#detail h3').textContent" main.main \
		"document.querySelector('#out').disabled" false
	shot zoomed
	press Escape
	is "document.querySelectorAll('.frame.above').length" "$(js "document.querySelector('.frame[data-frame=\"$main\"]').ariaLevel - 2")"
	press Home
	is "document.querySelectorAll('.frame.above').length" 0 \
		"document.activeElement.dataset.frame" 0
	press ArrowDown
	is "document.activeElement.ariaLevel" 2
	main=$(js "document.activeElement.dataset.frame")
	press ArrowRight
	is "document.activeElement.ariaLevel" 2 "document.activeElement.dataset.frame !== '$main'" true
	press ArrowLeft
	is "document.activeElement.dataset.frame" "$main"
	press ArrowDown ArrowDown Enter
	is "document.activeElement.ariaLevel" 4 \
		"document.activeElement.offsetWidth" "$total"
	press ArrowUp
	is "document.activeElement.ariaLevel" 3 \
		"document.activeElement.getAttribute('role')" treeitem \
		"document.activeElement.ariaLabel.includes('objects')" true
	click '#out'
	click '#out'
	click '#out'
	is "document.querySelector('#out').disabled" true
	quiet_console
	[ "$complaints" -eq 0 ]
}

@test "units, colours and themes are switched" {
	open_page "$page"
	local bytes share colour dark
	share="[...document.querySelectorAll('#table tbody tr')].find(tr => tr.textContent.includes('main.y5pointer')).querySelector('.share').textContent"
	bytes=$(js 'document.querySelector("#bar").ariaLabel')
	is "$share" '<0.1%' '[...document.querySelectorAll("#bar span")].reduce((s, e) => s + +e.style.flexGrow, 0).toFixed(6)' 1.000000
	click '#unit label:nth-of-type(2)'
	is_other "$bytes" 'document.querySelector("#bar").ariaLabel'
	is "parseFloat($share).toFixed(1) + '%'" "$(jq -n --argjson all "$("$ESCAUDIT" top --json "$rec" | jq .totals.objects)" '200 / $all * 1000 | round / 10' |
		xargs printf '%.1f%%')"
	is "document.querySelector('#table th[aria-sort]').textContent" Objects
	shot objects
	colour=$(js 'getComputedStyle(document.querySelector(".frame.leaf")).backgroundColor')
	js '(s => { s.value = "cause"; s.dispatchEvent(new Event("change")); })(document.querySelector("#colour"))' >/dev/null
	is_other "$colour" 'getComputedStyle(document.querySelector(".frame.leaf")).backgroundColor'
	dark=$(js 'getComputedStyle(document.body).backgroundColor')
	readable
	click '#theme'
	is_other "$dark" 'getComputedStyle(document.body).backgroundColor'
	readable
	is "document.querySelector('#theme').ariaPressed" true
	shot dark
	resize 420 900
	is 'document.documentElement.scrollWidth <= innerWidth' true
	shot narrow
	click '#theme'
	shot narrow-light
	resize 1280 900
	quiet_console
	[ "$complaints" -eq 0 ]
}

@test "a line opens its source, beside what was predicted, emitted and observed" {
	open_page "$page"
	local file line callee
	read -r file line < <(line_of scenarios Y5-pointer)
	callee=$(cd "$programs/scenarios" && "$ESCAUDIT" annotate --json "$rec" "$file" |
		jq -r --argjson line "$line" '.lines[$line - 1].emitted[0].callee | ltrimstr("runtime.")')
	js "[...document.querySelectorAll('#table td.place button')].find(e => e.textContent.startsWith('$file:$line'))?.focus()" >/dev/null
	press Enter
	is "document.querySelector('#source').hidden" false \
		"document.querySelector('#source-title').textContent" "$file" \
		"document.querySelector('#source-body tr.here').dataset.line" "$line" \
		"document.querySelector('#source-body tr.here td:last-child').textContent.trim()" "$(sed -n "${line}p" "$programs/scenarios/$file" | sed 's/^[ \t]*//')" \
		"[...document.querySelectorAll('#source-body tr.here td')].slice(0, 3).map(e => e.textContent).join()" "3200 B,$callee,heap" \
		"document.querySelector('#source-body tr.here + tr.remark .tag').textContent" confirmed \
		"(r => r.top >= 0 && r.bottom <= innerHeight)(document.querySelector('#source-body tr.here').getBoundingClientRect())" true \
		"document.querySelectorAll('#source-body tbody tr[data-line]').length" "$(wc -l <"$programs/scenarios/$file")"
	readable
	click '#theme'
	readable
	shot source
	click '#theme'
	js 'document.querySelector("#source-title").focus()' >/dev/null
	press p
	is "+document.querySelector('#source-body tr.here').dataset.line < $line" true
	press n
	is "document.querySelector('#source-body tr.here').dataset.line" "$line"
	press Escape
	is "document.querySelector('#source').hidden" true \
		"document.activeElement.textContent.startsWith('$file:$line')" true
	resize 420 900
	press Enter
	shot source-narrow
	is 'document.documentElement.scrollWidth <= innerWidth' true
	press Escape
	resize 1280 900
	quiet_console
	[ "$complaints" -eq 0 ]
}

@test "names that would be markup are text, and a page without predictions or sources is whole" {
	local hostile='</script><b>x!'
	zcat "$rec" | LC_ALL=C sed "s|main\.y5pointer|$hostile|g" | gzip >"$BATS_TEST_TMPDIR/hostile.gz"
	"$ESCAUDIT" export --format=html --source-root /nonexistent -o "$BATS_TEST_TMPDIR/page.html" "$BATS_TEST_TMPDIR/hostile.gz"
	open_page "$BATS_TEST_TMPDIR/page.html"
	is "[...document.querySelectorAll('b')].some(e => e.textContent.startsWith('x!'))" false \
		"document.querySelector('#table tbody').textContent.includes('$hostile')" true \
		"document.querySelector('#facts').textContent.includes('no predictions')" true \
		"JSON.stringify([+total.dataset.bytes, +total.dataset.objects])" "$("$ESCAUDIT" top --json "$rec" | jq -c '[.totals.bytes, .totals.objects]')"
	js "[...document.querySelectorAll('#table td.place button')].find(e => e.textContent.startsWith('basics.go'))?.click()" >/dev/null
	is "document.querySelector('#source-note').textContent.includes('--source-root')" true \
		"document.querySelectorAll('#source-body tr.counted').length > 0" true
	quiet_console
	[ "$complaints" -eq 0 ]
}

@test "assertions of the source are listed, those broken first" {
	local d=$BATS_TEST_TMPDIR
	use_go
	(cd "$programs/asserted" && "$ESCAUDIT" audit --go "$GO" -o "$d/r.gz" --predictions "$d/p" . -- -n 50 >/dev/null 2>&1)
	"$ESCAUDIT" compare --json "$d/p" "$d/r.gz" | jq .assertions >"$d/assertions"
	diff <("$ESCAUDIT" export --format=json --predictions "$d/p" "$d/r.gz" | jq .assertions) "$d/assertions" || complain "json: not those of compare"
	"$ESCAUDIT" export --format=html --predictions "$d/p" -o "$d/page.html" "$d/r.gz"
	open_page "$d/page.html"
	is "document.querySelectorAll('#asserts li').length" "$(jq length "$d/assertions")" \
		"document.querySelector('#asserts .tag').textContent" broken \
		"document.querySelector('#asserted').textContent" '6 broken, 1 undecided, 3 never executed, 7 held' \
		"[...document.querySelectorAll('#asserts li')].find(e => e.textContent.includes('main.go') && e.textContent.includes('push')).textContent.includes('50 objects')" true
	click '#asserts button'
	is "document.querySelector('#source-title').textContent" main.go "!document.querySelector('#source-body tr.here')" false
	shot assertions
	readable
	quiet_console
	[ "$complaints" -eq 0 ]
}
