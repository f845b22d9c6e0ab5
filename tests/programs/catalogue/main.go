// Catalogue has every construct that may or may not become a heap object, one function each, so that what is said of it can
// be held against what happens. A function is a case; its lines of interest carry markers, "// @case" or "// @case.part".
// What must be said of each line is in tests/e2e/catalogue.tsv.
//
//	catalogue              call each case as often as its prime number says
//	catalogue -only CASE   no other
//	catalogue -calls       print case and prime number instead
//	catalogue -measure     print heap objects a call instead, counted by the runtime
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sort"
)

// Where cases leave what they make, and where they take what the compiler is not to know. The variables of one size are
// assigned in main, so that no version takes them for constants.
var (
	sink        interface{}
	sinkInt     *int
	sinkInts    []int
	sinkString  string
	sinkBytes   []byte
	sinkFunc    func() int
	sinkMap     map[int]int
	zero        int
	three       int
	ten         int
	hundred     int
	yes         bool
	short, long string
	longBytes   []byte
	shortBytes  []byte
)

type pair struct{ a, b int }

type link struct {
	value int
	next  *link
}

type testCase struct {
	name  string
	call  func()
	calls int
}

var cases []testCase

func register(name string, call func()) {
	cases = append(cases, testCase{name: name, call: call})
}

func main() {
	only := flag.String("only", "", "run the case of this name, no other")
	calls := flag.Bool("calls", false, "print how often each case is called")
	measured := flag.Bool("measure", false, "print heap objects per call")
	flag.Parse()
	zero, three, ten, hundred, yes = len(flag.Args()), 3, 10, 100, true
	short, long = "short"[:ten/2], "a string that no buffer of thirty-two bytes holds"[:49-zero]
	longBytes, shortBytes = []byte(long), []byte(short)
	numberCases()
	// No collection: it would empty the pools behind channels and goroutines.
	debug.SetGCPercent(-1)
	ran := 0
	for _, c := range cases {
		if *only != "" && *only != c.name {
			continue
		}
		ran++
		switch {
		case *calls:
			fmt.Println(c.name, c.calls)
		case *measured:
			fmt.Println(c.name, measure(c.call))
		default:
			for i := 0; i < c.calls; i++ {
				c.call()
			}
		}
	}
	if ran == 0 {
		fmt.Fprintf(os.Stderr, "catalogue: no case %q\n", *only)
		os.Exit(2)
	}
}

// numberCases gives each case a prime of its own, so that no count can be mistaken for another's.
func numberCases() {
	sort.Slice(cases, func(i, k int) bool { return cases[i].name < cases[k].name })
	candidate := 11
	for i := range cases {
		for !isPrime(candidate) {
			candidate += 2
		}
		cases[i].calls = candidate
		candidate += 2
		if cases[i].name == "large-array" { // eleven megabytes each, and nothing is collected
			cases[i].calls = 7
		}
	}
}

func isPrime(n int) bool {
	for d := 3; d*d <= n; d += 2 {
		if n%d == 0 {
			return false
		}
	}
	return n%2 != 0
}

// measure is the least mean of three batches: what the runtime allocates for itself now and then only ever adds.
func measure(call func()) uint64 {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const batch = 16
	var before, after runtime.MemStats
	least := ^uint64(0)
	call()
	for i := 0; i < 3; i++ {
		runtime.ReadMemStats(&before)
		for k := 0; k < batch; k++ {
			call()
		}
		runtime.ReadMemStats(&after)
		if got := (after.Mallocs - before.Mallocs + batch/2) / batch; got < least {
			least = got
		}
	}
	return least
}
