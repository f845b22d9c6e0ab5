// Mixed allocates known numbers of objects, prime ones, below callbacks from C: Go calls C, C calls Go, Go allocates, in each way
// that a stack of both languages comes about. Lines that allocate carry markers, and their names are those of the scenarios.
//
//	mixed [OPTIONS] SCENARIO...
//	-rounds N    each so many times in a row
//	-wait        says "ready", and runs them on each SIGUSR1
//	-stacks N    how many "many" are (10007)
//	-same        ... on one stack in place of many
//	-few         two objects of each stack: for debuggers, which stop at all of them
//
// What was made is printed afterwards, one JSON object a scenario: {"marker":…,"objects":…}.
package main

// #include "mixed.h"
import "C"

import (
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"unsafe"
)

// Every scenario has a type and a size of its own.
type (
	callbackObject struct{ a, b uint64 }
	nestedObject   struct{ a, b, c uint64 }
	pathsObject    [4]uint64
	threadObject   [5]uint64
	cxxObject      [6]uint64
	bigObject      [7]uint64
	deepObject     [8]uint64
	cutObject      [9]uint64
	compareObject  [10]uint64
	signalObject   [11]uint64
	mallocObject   [12]uint64
	inlinedObject  [13]uint64
	plainObject    [14]uint64
	manyObject     [15]uint64
	edgeObject     [16]uint64
)

// Where allocated objects go, so that none of them can stay on the stack.
var (
	sinkCallback *callbackObject
	sinkNested   *nestedObject
	sinkPaths    *pathsObject
	sinkThread   *threadObject
	sinkCxx      *cxxObject
	sinkBig      *bigObject
	sinkDeep     *deepObject
	sinkCut      *cutObject
	sinkCompare  *compareObject
	sinkSignal   *signalObject
	sinkMalloc   *mallocObject
	sinkInlined  *inlinedObject
	sinkPlain    *plainObject
	sinkMany     *manyObject
	sinkEdge     *edgeObject
)

var few bool

func times(n int) int {
	if few {
		return 2
	}
	return n
}

//export goCallback
func goCallback() {
	sinkCallback = new(callbackObject) // @callback
}

//go:noinline
func callback() int {
	n := times(101)
	C.outer(C.int(n))
	return n
}

// goNested is called by C and calls C again, until there is nothing left to go down.
//
//export goNested
func goNested(levels C.int) {
	if levels > 1 {
		C.nest(levels - 1)
		return
	}
	sinkNested = new(nestedObject) // @nested
}

//go:noinline
func nested() int {
	n := times(103)
	for i := 0; i < n; i++ {
		C.nest(3)
	}
	return n
}

//export goPaths
func goPaths() {
	sinkPaths = new(pathsObject) // @paths
}

// One callback, two functions of C that lead to it.
//
//go:noinline
func paths() int {
	left, right := times(107), times(109)
	C.paths(C.int(left), C.int(right))
	return left + right
}

//export goThread
func goThread() {
	sinkThread = new(threadObject) // @thread
}

// A thread that is none of Go's.
//
//go:noinline
func thread() int {
	n := times(113)
	C.in_thread(C.int(n))
	return n
}

//export goCxx
func goCxx() {
	sinkCxx = new(cxxObject) // @cxx
}

//go:noinline
func cxx() int {
	n := times(127)
	C.cxx_catch(C.int(n))
	return n
}

//export goBig
func goBig() {
	sinkBig = new(bigObject) // @big
}

// Two pages of the stack of C lie between.
//
//go:noinline
func big() int {
	n := times(131)
	C.big(C.int(n))
	return n
}

//export goEdge
func goEdge() {
	sinkEdge = new(edgeObject) // @edge
}

// Two ways, told apart by what lies about 32 KiB away.
//
//go:noinline
func edge() int {
	n := times(61)
	for i := 0; i < n; i++ {
		C.edge(C.size_t(29<<10 + i*64))
	}
	return 2 * n
}

//export goDeep
func goDeep() {
	sinkDeep = new(deepObject) // @deep
}

//go:noinline
func deep() int {
	n := times(137)
	for i := 0; i < n; i++ {
		C.deep(50)
	}
	return n
}

//export goCut
func goCut() {
	sinkCut = new(cutObject) // @cut
}

// More frames than anybody keeps.
//
//go:noinline
func cut() int {
	n := times(139)
	for i := 0; i < n; i++ {
		C.deeper(500)
	}
	return n
}

var compared int

//export goCompare
func goCompare(a, b unsafe.Pointer) C.int {
	sinkCompare = new(compareObject) // @compare
	compared++
	return C.int(*(*int32)(a) - *(*int32)(b))
}

// The library of C calls: qsort asks Go which of two is less.
//
//go:noinline
func compare() int {
	compared = 0
	C.sorted()
	return compared
}

//export goSignal
func goSignal() {
	sinkSignal = new(signalObject) // @signal
}

// A handler of C's own, on the stack that it interrupts. A stack of its own (SA_ONSTACK) Go does not bear: it lies outside what
// Go knows of this thread's.
//
//go:noinline
func handled() int {
	n := times(149)
	C.signals(C.int(n))
	return n
}

//export goMalloc
func goMalloc() {
	sinkMalloc = new(mallocObject) // @malloc
}

// Beside objects of Go there is memory of C, which nobody counts.
//
//go:noinline
func mallocs() int {
	n := times(151)
	for i := 0; i < n; i++ {
		text := C.CString("text of C")
		C.with_memory(text)
		C.free(unsafe.Pointer(text))
	}
	return n
}

//export goInlined
func goInlined() {
	sinkInlined = new(inlinedObject) // @inlined
}

//go:noinline
func inlined() int {
	n := times(157)
	C.inlining(C.int(n))
	return n
}

// No C at all: what a stack is when nobody calls from outside.
//
//go:noinline
func plain() int {
	n := times(163)
	for i := 0; i < n; i++ {
		sinkPlain = new(plainObject) // @plain
	}
	return n
}

//export goMany
func goMany() {
	sinkMany = new(manyObject) // @many
}

// As many stacks as objects, alike in everything of Go's.
//
//go:noinline
func many() int {
	if same {
		C.same_way(C.int(stacks))
	} else {
		C.many(C.int(stacks))
	}
	return stacks
}

var (
	stacks = 10007
	same   bool
)

var scenarios = []struct {
	marker string
	run    func() int
}{
	{"callback", callback},
	{"nested", nested},
	{"paths", paths},
	{"thread", thread},
	{"cxx", cxx},
	{"big", big},
	{"edge", edge},
	{"deep", deep},
	{"cut", cut},
	{"compare", compare},
	{"signal", handled},
	{"malloc", mallocs},
	{"inlined", inlined},
	{"plain", plain},
	{"many", many},
}

func run(name string, rounds int) {
	for _, s := range scenarios {
		if s.marker == name {
			n := 0
			for i := 0; i < rounds; i++ {
				n += s.run()
			}
			fmt.Printf("{\"marker\":%q,\"objects\":%d}\n", name, n)
			return
		}
	}
	fmt.Fprintf(os.Stderr, "mixed: no scenario %q\n", name)
	os.Exit(2)
}

func main() {
	args, rounds, wait := os.Args[1:], 1, false
	for len(args) > 0 && args[0][0] == '-' {
		switch {
		case args[0] == "-wait":
			wait = true
		case args[0] == "-same":
			same = true
		case args[0] == "-few":
			few = true
		case len(args) > 1 && args[0] == "-rounds":
			rounds, _ = strconv.Atoi(args[1])
			args = args[1:]
		case len(args) > 1 && args[0] == "-stacks":
			stacks, _ = strconv.Atoi(args[1])
			args = args[1:]
		default:
			fmt.Fprintf(os.Stderr, "mixed: unknown option %q\n", args[0])
			os.Exit(2)
		}
		args = args[1:]
	}
	signals := make(chan os.Signal, 16)
	if wait {
		signal.Notify(signals, syscall.SIGUSR1)
		fmt.Println("ready")
	}
	for i := 0; wait || i < 1; i++ {
		if wait {
			<-signals
		}
		for _, name := range args {
			run(name, rounds)
		}
		if wait {
			fmt.Println("burst", i)
		}
	}
}
