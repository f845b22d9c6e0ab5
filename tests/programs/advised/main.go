// Advised has lines that a remedy would help, each with the remedy taken beside it, and lines that look alike and have none.
//
//	advised            call each function 500 times
//	advised -measure   print heap objects a call instead: NAME AS-IT-IS AS-ADVISED
package main

import (
	"flag"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
)

const calls = 500

var (
	sink       interface{}
	sinkInt    int
	sinkInts   []int
	sinkString string
	hundred    = 100
	ten        = 10
	done       = make(chan struct{}, 1)
	turn       int
)

//go:noinline
func grown(n int) {
	var ints []int
	for i := 0; i < n; i++ {
		ints = append(ints, i) // @append
	}
	sinkInts = ints
}

//go:noinline
func grownAdvised(n int) {
	ints := make([]int, 0, 128)
	for i := 0; i < n; i++ {
		ints = append(ints, i)
	}
	sinkInts = ints
}

// What is handed over may hold elements: a slice made in its place would lose them.
//
//go:noinline
func grownParameter(ints []int, n int) []int {
	for i := 0; i < n; i++ {
		ints = append(ints, i) // @append-parameter
	}
	return ints
}

//go:noinline
func grownParameterAdvised(ints []int, n int) []int {
	ints = append(make([]int, 0, len(ints)+n), ints...) // as slices.Grow does
	for i := 0; i < n; i++ {
		ints = append(ints, i)
	}
	return ints
}

type holder struct{ ints []int }

//go:noinline
func (h *holder) grow(n int) {
	for i := 0; i < n; i++ {
		h.ints = append(h.ints, i) // @append-field
	}
}

//go:noinline
func start() []int { return []int{1, 2, 3} }

//go:noinline
func grownResult(n int) {
	ints := start()
	for i := 0; i < n; i++ {
		ints = append(ints, i) // @append-result
	}
	sinkInts = ints
}

//go:noinline
func built(n int) {
	var s strings.Builder
	for i := 0; i < n; i++ {
		s.WriteByte('.') // @builder
	}
	sinkString = s.String()
}

//go:noinline
func builtAdvised(n int) {
	var s strings.Builder
	s.Grow(128)
	for i := 0; i < n; i++ {
		s.WriteByte('.')
	}
	sinkString = s.String()
}

// Two lines share a builder: what one of them makes it grow to is not all.
//
//go:noinline
func builtByTwo(n int) {
	var s strings.Builder
	for i := 0; i < n; i++ {
		s.WriteString("0123") // @builder-shared
		s.WriteByte('.')
	}
	sinkString = s.String()
}

// Few of these grow large: room for the largest would be wasted on most.
//
//go:noinline
func grownSeldom(n int) {
	var ints []int
	for i := 0; i < n; i++ {
		ints = append(ints, i) // @append-seldom
	}
	sinkInts = ints
}

//go:noinline
func made(n int) {
	ints := make([]int, n) // @make
	ints[n-1] = n
	sinkInt += ints[n-1]
}

//go:noinline
func madeAdvised(n int) {
	ints := make([]int, 10)
	ints[n-1] = n
	sinkInt += ints[n-1]
}

//go:noinline
func madeVaried(n int) {
	ints := make([]int, n) // @make-varied
	ints[n-1] = n
	sinkInt += ints[n-1]
}

//go:noinline
func keep(v interface{}) { sink = v }

//go:noinline
func keepInt(v int) { sinkInt = v }

//go:noinline
func boxed(n int) {
	keep(n * 1000) // @box
}

//go:noinline
func boxedAdvised(n int) {
	keepInt(n * 1000)
}

type field struct {
	name  string
	value interface{}
}

//go:noinline
func keepField(f field) { sink = f.value }

// Boxed for the field: the call takes a struct.
//
//go:noinline
func boxedField(n int) {
	var f field
	f.name = "n"
	f.value = n * 1000 // @box-field
	keepField(f)
}

//go:noinline
func boxedPrint(n int) {
	fmt.Fprint(io.Discard, n*1000) // @box-print
}

//go:noinline
func boxedPrintAdvised(n int) {
	var digits [20]byte
	sinkInt += len(strconv.AppendInt(digits[:0], int64(n*1000), 10))
}

// It is to be kept in an interface: nothing helps.
//
//go:noinline
func boxedVariable(n int) {
	sink = n * 1000 // @box-variable
}

//go:noinline
func joined(n int) {
	s := ""
	for i := 0; i < n; i++ {
		s += "0123456789" // @concat
	}
	sinkString = s
}

//go:noinline
func joinedAdvised(n int) {
	var s strings.Builder
	for i := 0; i < n; i++ {
		s.WriteString("0123456789")
	}
	sinkString = s.String()
}

// One step each: a builder would make as many objects.
//
//go:noinline
func joinedOnce(s string) {
	s += "0123456789" // @concat-once
	sinkString = s
}

// A parameter instead of the captured variable is the usual advice, and makes one object more.
//
//go:noinline
func captured(n int) {
	v := n      // @capture-variable
	go func() { // @capture
		v++
		sinkInt = v
		done <- struct{}{}
	}()
	<-done
}

var cases = []struct {
	name              string
	asItIs, asAdvised func()
}{
	{"append", func() { grown(hundred) }, func() { grownAdvised(hundred) }},
	{"append-parameter", func() { sinkInts = grownParameter([]int{7, 8, 9}, 90) },
		func() { sinkInts = grownParameterAdvised([]int{7, 8, 9}, 90) }},
	{"append-field", func() { h := holder{}; h.grow(hundred); sinkInts = h.ints }, nil},
	{"append-result", func() { grownResult(90) }, nil},
	{"builder", func() { built(hundred) }, func() { builtAdvised(hundred) }},
	{"builder-shared", func() { builtByTwo(ten * 4) }, nil},
	{"append-seldom", func() {
		n := 3
		if turn++; turn%100 == 0 {
			n = hundred
		}
		grownSeldom(n)
	}, nil},
	{"make", func() { fourTimes(made) }, func() { fourTimes(madeAdvised) }},
	{"make-varied", func() { fourTimes(func(n int) { turn++; madeVaried(n + turn%7) }) }, nil},
	{"box", func() { fourTimes(boxed) }, func() { fourTimes(boxedAdvised) }},
	{"box-field", func() { fourTimes(boxedField) }, nil},
	{"box-print", func() { fourTimes(boxedPrint) }, func() { fourTimes(boxedPrintAdvised) }},
	{"box-variable", func() { fourTimes(boxedVariable) }, nil},
	{"concat", func() { joined(ten * 5) }, func() { joinedAdvised(ten * 5) }},
	{"concat-once", func() { joinedOnce("a string that no buffer of thirty-two bytes holds") }, nil},
	{"capture", func() { captured(ten) }, nil},
}

func fourTimes(call func(n int)) {
	for i := 0; i < 4; i++ {
		call(ten)
	}
}

func measure(call func()) uint64 {
	var before, after runtime.MemStats
	if call == nil {
		return 0
	}
	call()
	runtime.ReadMemStats(&before)
	for i := 0; i < calls; i++ {
		call()
	}
	runtime.ReadMemStats(&after)
	return (after.Mallocs - before.Mallocs) / calls
}

func main() {
	measured := flag.Bool("measure", false, "print heap objects a call")
	flag.Parse()
	debug.SetGCPercent(-1)
	for _, c := range cases {
		if *measured {
			fmt.Println(c.name, measure(c.asItIs), measure(c.asAdvised))
			continue
		}
		for i := 0; i < calls; i++ {
			c.asItIs()
		}
	}
}
