// Capture allocates known numbers of objects, prime ones, from known lines, and says how many it made: per line, and in
// total from the runtime's own count. Lines carry markers ("// @tiny-int32") by which tests find them; the markers are also
// the names in the output, one JSON object on standard output.
//
//	capture                run every category once
//	capture -only NAME     run the category NAME
//	capture -loop N        N objects of 24 bytes from one line
//	capture -selfcheck     check every category's expectation with runtime.MemStats, one by one, instead
//	capture -list          names of the categories
//
// The total is exact for an observer who counts from the first instruction to the last: runtime.MemStats.Mallocs counts
// from process start, it is read at the very end with one processor and the collector off, and nothing allocates between
// that reading and the end of the process (see finish).
package main

import (
	"flag"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"syscall"
	"unsafe"
)

// Where allocated objects go, so that none of them can stay on the stack.
var (
	sink        interface{}
	sinkString  string
	sinkBytes   []byte
	sinkRunes   []rune
	sinkInts    []int
	sinkPtrs    []*int
	sinkUnits   []struct{}
	sinkMap     map[int]int
	sinkFunc    func() int
	sinkChan    chan int
	sinkPtrChan chan *int
	sinkLoop    *[3]uint64
)

const unknown = ^uint64(0)

// What one marked line allocates. bytes is unknown where it depends on the runtime's version.
type expectation struct {
	marker         string
	objects, bytes uint64
	charged        bool // made by library code called from the line, not by the line itself
	atLeast        bool // a lower bound: how much more depends on the runtime's version
}

var (
	expected  [256]expectation
	nExpected int
)

func expect(marker string, objects, bytes uint64) *expectation {
	e := &expected[nExpected]
	nExpected++
	*e = expectation{marker: marker, objects: objects, bytes: bytes}
	return e
}

type category struct {
	name  string
	run   func()
	alone bool // allocates nothing else, so MemStats can check it
}

var categories = []category{
	{"tiny", tiny, true},
	{"small", small, true},
	{"sizes", sizes, true},
	{"large", large, true},
	{"zero", zero, true},
	{"reflection", reflection, true},
	{"growth", growth, true},
	{"maps", maps, false},
	{"strings", stringWork, true},
	{"functions", functions, true},
	{"channels", channels, true},
	{"boxing", boxing, true},
	{"goroutines", goroutines, false},
	{"recursion", recursion, false},
	{"collector", collector, false},
}

var (
	atStart, atEnd runtime.MemStats
	output         [32 << 10]byte
)

func main() {
	runtime.ReadMemStats(&atStart)
	only := flag.String("only", "", "run the category with this name, no other")
	loop := flag.Uint64("loop", 0, "allocate this many objects of 24 bytes, nothing else")
	list := flag.Bool("list", false, "print the names of the categories")
	selfcheck := flag.Bool("selfcheck", false, "check the expectations with runtime.MemStats")
	profile := flag.String("cpuprofile", "", "write a CPU profile (builds with -tags profile)")
	flag.Parse()
	if flag.NArg() != 0 {
		flag.Usage()
		os.Exit(2)
	}
	if *list {
		for _, c := range categories {
			os.Stdout.WriteString(c.name + "\n")
		}
		return
	}
	if *selfcheck {
		check()
		return
	}
	if *profile != "" {
		startProfile(*profile)
	}
	if *loop != 0 {
		looped(*loop)
	} else {
		ran := 0
		for _, c := range categories {
			if *only == "" || *only == c.name {
				c.run()
				ran++
			}
		}
		if ran == 0 {
			os.Stderr.WriteString("capture: no category " + strconv.Quote(*only) + "\n")
			os.Exit(2)
		}
	}
	if *profile != "" {
		stopProfile()
	}
	finish()
}

//go:noinline
func looped(n uint64) {
	for i := uint64(0); i < n; i++ {
		sinkLoop = new([3]uint64) // @loop
	}
	expect("loop", n, 24*n)
}

// finish reads the count, prints, and ends the process without allocating after the reading.
//
// The collector is finished and off, so it starts no worker. One processor is left, so restarting the world after the
// reading, or the scheduler at any later moment, cannot start a thread (whose descriptor would be allocated). The write is a
// raw system call: the scheduler does not hear of it, so it cannot hand the processor on. Output is formatted into a static
// array.
func finish() {
	debug.SetGCPercent(-1)
	runtime.GC()
	runtime.GOMAXPROCS(1)
	runtime.ReadMemStats(&atEnd)
	b := output[:0]
	b = append(b, `{"mallocs":`...)
	b = strconv.AppendUint(b, atEnd.Mallocs, 10)
	b = append(b, `,"main_mallocs":`...)
	b = strconv.AppendUint(b, atEnd.Mallocs-atStart.Mallocs, 10)
	b = append(b, `,"expected":[`...)
	for i := range expected[:nExpected] {
		e := &expected[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, "\n"+`{"marker":"`...)
		b = append(b, e.marker...)
		b = append(b, `","objects":`...)
		b = strconv.AppendUint(b, e.objects, 10)
		if e.bytes != unknown {
			b = append(b, `,"bytes":`...)
			b = strconv.AppendUint(b, e.bytes, 10)
		}
		b = append(b, `,"charged":`...)
		b = strconv.AppendBool(b, e.charged)
		b = append(b, `,"at_least":`...)
		b = strconv.AppendBool(b, e.atLeast)
		b = append(b, '}')
	}
	b = append(b, "]}\n"...)
	for len(b) > 0 {
		n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, 1, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
		if errno != 0 || n == 0 {
			syscall.Exit(1)
		}
		b = b[n:]
	}
	syscall.Exit(0)
}

// check runs each category that allocates nothing but what it declares between two readings.
func check() {
	debug.SetGCPercent(-1)
	runtime.LockOSThread()
	wrong := 0
	for _, c := range categories {
		if !c.alone {
			continue
		}
		c.run() // once for whatever is made on first use
		least := unknown
		var want uint64
		for round := 0; round < 3; round++ {
			nExpected = 0
			runtime.ReadMemStats(&atStart)
			c.run()
			runtime.ReadMemStats(&atEnd)
			if got := atEnd.Mallocs - atStart.Mallocs; got < least {
				least = got
			}
			want = 0
			for _, e := range expected[:nExpected] {
				want += e.objects
			}
		}
		verdict := "ok"
		if least != want {
			verdict = "WRONG"
			wrong++
		}
		os.Stdout.WriteString(verdict + " " + c.name + ": " + strconv.FormatUint(want, 10) + " expected, " +
			strconv.FormatUint(least, 10) + " counted\n")
	}
	if wrong > 0 {
		os.Exit(1)
	}
}
