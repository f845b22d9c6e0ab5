# Holds the sites of `escaudit sites` against Go's own disassembler.
#
#   awk -f sites_vs_objdump.awk SITES OBJDUMP
#   1403 calls that may allocate are sites; not sites: 811 panic, 22 collector
#
# SITES has a line for each site, "0xPC CALLEE"; OBJDUMP is what `go tool objdump` prints. Every call outside the runtime of a
# runtime function that can reach the allocator, by calls, jumps or by taking another function's address, must be a site, unless
# every way there leads through one of the functions below; and every site must be such a call. Prints what is wrong, a sentence
# a line, then the counts; exit status 1 if there is anything wrong.
BEGIN {
	FS = "\t+"
	allocator = "^runtime\\.mallocgc(Tiny|SmallNoscan|SmallScanNoHeader|SmallScanHeader|Large|TinySC[0-9]+|TinySize[0-9]+|" \
		"SmallNoScanSC[0-9]+|SmallScanNoHeaderSC[0-9]+)?$"
	# What makes an object, if it does, on nobody's behalf.
	reason["^runtime\\.(panic|goPanic|gopanic|sigpanic|efaceeq|ifaceeq|interequal|nilinterequal|interhash|nilinterhash|typehash|mapKeyError|unwrapPanic)"] = "panic"
	reason["^runtime\\.(throw|fatal|dopanic_m|crash$|badsystemstack|exit$)"] = "end of the process"
	reason["^runtime\\.(gcWriteBarrier|wbBufFlush)"] = "collector"
	reason["^runtime\\.(gcStart$|gcAssistAlloc)"] = "collector"
	reason["^runtime\\.(newstack|morestack|startm|newm|schedule|mstart|rt0_go|schedinit|park_m|mcall|goexit|preemptM|asyncPreempt|gosched_m|goschedImpl)"] = "scheduler"
	reason["^runtime\\.(\\(\\*)?trace|^runtime\\.(race|msan|asan)"] = "memory outside the heap"
}

function bare(name) {
	sub(/\.abi0$/, "", name)
	return name
}

# The name in an operand "runtime.newobject(SB)" or "runtime.main.func1·f(SB)".
function symbol_of(operand, end) {
	end = index(operand, "(SB)")
	if (!end)
		return ""
	operand = substr(operand, 1, end - 1)
	sub(/^[^ ]* /, "", operand)
	sub(/·f$/, "", operand)
	return operand
}

function add_edge(from, to) {
	if (!((to, from) in edge)) {
		edge[to, from] = 1
		callers[to] = callers[to] "\n" from
	}
}

function aside(name, r) {
	for (r in reason)
		if (name ~ r)
			return reason[r]
	return ""
}

# Marks in reaches[] what reaches the allocator; cutting: not by way of what has a reason.
function spread(reaches, cutting, queue, n, i, k, some, count) {
	for (some in is_node)
		if (bare(some) ~ allocator) {
			reaches[some] = 1
			queue[n++] = some
		}
	for (i = 0; i < n; i++) {
		count = split(substr(callers[queue[i]], 2), list, "\n")
		for (k = 1; k <= count; k++)
			if (!(list[k] in reaches) && !(cutting && aside(bare(list[k])) != "")) {
				reaches[list[k]] = 1
				queue[n++] = list[k]
			}
	}
}

FNR == NR {
	split($0, word, " ")
	site[word[1]] = word[2]
	next
}

/^TEXT / {
	split($0, word, " ")
	here = substr($0, 6, index($0, "(SB)") - 6)
	file = $0
	sub(/.*\(SB\) /, "", file)
	of_runtime = here ~ /^(runtime\.|internal\/runtime\/|runtime\/internal\/)/ ||
		file ~ /\/src\/(runtime\/[^\/]*|internal\/runtime\/.*|runtime\/internal\/.*)$/
	if (of_runtime)
		is_node[here] = 1
	next
}

of_runtime {
	target = symbol_of($4)
	if (target != "" && target != here)
		add_edge(here, target)
	next
}

$4 ~ /^CALL / {
	target = symbol_of($4)
	if (target != "")
		call[$2] = target
}

END {
	spread(any, 0)
	spread(blamed, 1)
	wrong = n_sites = 0
	for (pc in call) {
		callee = call[pc]
		if (!(callee in is_node))
			continue
		if (pc in site) {
			n_sites++
			if (bare(site[pc]) != bare(callee)) {
				print pc ": the site calls " site[pc] ", the machine code " callee
				wrong++
			}
		} else if (callee in blamed) {
			print pc ": the call of " callee " is no site"
			wrong++
		} else if (callee in any) {
			why = aside(bare(callee))
			excluded[why == "" ? "panic, collector or scheduler further on" : why]++
		}
	}
	for (pc in site)
		if (!(pc in call)) {
			print pc ": the site of " site[pc] " is no call in the machine code"
			wrong++
		} else if (!(call[pc] in any)) {
			print pc ": " site[pc] " does not reach the allocator"
			wrong++
		}
	printf "%d calls that may allocate are sites; not sites:", n_sites
	separator = " "
	for (why in excluded) {
		printf "%s%d %s", separator, excluded[why], why
		separator = ", "
	}
	print ""
	exit wrong > 0 || n_sites == 0
}
