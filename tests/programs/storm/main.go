// Storm is a program that a probe could harm: it allocates while its stacks move, its threads are interrupted, its
// goroutines panic, its processes end. Each mode ends by itself and prints one line, a checksum over all that it computed, which
// is the same in every run, probed or not. Anything else (a crash, a hang, another sum) is harm.
//
//	storm [-for DURATION] MODE
//
// Modes repeat their work for as long as -for says; the sum is that of one round, and every round must have the same.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

var modes = []struct {
	name string
	run  func() uint64
}{
	{"plain", plain},
	{"collector", collector},
	{"signals", signals},
	{"preempt", preempt},
	{"goroutines", goroutines},
	{"stacks", stacks},
	{"panics", panics},
	{"exits", exits},
	{"threads", threads},
}

func main() {
	duration := flag.Duration("for", 0, "repeat for this long")
	child := flag.Uint64("child", 0, "be a child of the exits mode")
	flag.Parse()
	if *child != 0 {
		os.Exit(int(chain(*child, 100) % 100))
	}
	for _, m := range modes {
		if m.name != flag.Arg(0) {
			continue
		}
		fmt.Println("ready", os.Getpid())
		start := time.Now()
		sum := m.run()
		rounds := 1
		for ; time.Since(start) < *duration; rounds++ {
			if again := m.run(); again != sum {
				fmt.Printf("%s: round %d has %x instead of %x\n", m.name, rounds, again, sum)
				os.Exit(1)
			}
		}
		fmt.Printf("%s %x\n", m.name, sum)
		fmt.Fprintln(os.Stderr, rounds, "rounds")
		return
	}
	flag.Usage()
	os.Exit(2)
}

// A list of objects that each depend on the one before, read back from memory: a wrong pointer, size or value shows.
type node struct {
	next  *node
	value uint64
	pad   []byte
}

func mix(a, b uint64) uint64 {
	a ^= b
	a *= 0x9e3779b97f4a7c15
	return a ^ a>>29
}

//go:noinline
func chain(seed uint64, n int) uint64 {
	var head *node
	for i := 0; i < n; i++ {
		seed = mix(seed, uint64(i))
		head = &node{next: head, value: seed, pad: make([]byte, 1+seed%200)}
		head.pad[len(head.pad)-1] = byte(seed)
	}
	sum := uint64(0)
	for at := head; at != nil; at = at.next {
		sum = mix(sum, at.value+uint64(at.pad[len(at.pad)-1]))
	}
	return sum
}

func plain() uint64 {
	return chain(1, 20000)
}

// together runs n goroutines and adds what they compute: the order in which they end does not matter.
func together(n int, f func(i int) uint64) uint64 {
	var sum uint64
	var done sync.WaitGroup
	for i := 0; i < n; i++ {
		done.Add(1)
		go func(i int) {
			defer done.Done()
			atomic.AddUint64(&sum, f(i))
		}(i)
	}
	done.Wait()
	return sum
}

// collector: the heap is collected all the time, which also moves and shrinks stacks.
func collector() uint64 {
	defer debug.SetGCPercent(debug.SetGCPercent(5))
	var stop uint32
	var stopped sync.WaitGroup
	stopped.Add(1)
	go func() {
		defer stopped.Done()
		for atomic.LoadUint32(&stop) == 0 {
			runtime.GC()
		}
	}()
	sum := together(8, func(i int) uint64 { return chain(uint64(i), 3000) })
	atomic.StoreUint32(&stop, 1)
	stopped.Wait()
	return sum
}

// signals: SIGPROF a thousand times a second of processor time, in whatever instruction that is.
func signals() uint64 {
	runtime.SetCPUProfileRate(1000)
	sum := together(4, func(i int) uint64 { return chain(uint64(i), 10000) })
	runtime.SetCPUProfileRate(0)
	return sum
}

// preempt: loops without calls are interrupted by SIGURG, next to goroutines that allocate.
func preempt() uint64 {
	return together(8, func(i int) uint64 {
		sum := uint64(i)
		if i%2 == 0 {
			for k := uint64(0); k < 5000000; k++ {
				sum = mix(sum, k)
			}
			return sum
		}
		for k := 0; k < 50; k++ {
			sum += chain(uint64(k), 100)
			runtime.Gosched()
		}
		return sum
	})
}

func goroutines() uint64 {
	return together(2000, func(i int) uint64 {
		sum := uint64(0)
		for k := 0; k < 4; k++ {
			sum += chain(uint64(i+k), 5)
			runtime.Gosched()
		}
		return sum
	})
}

//go:noinline
func descend(depth int, seed uint64) uint64 {
	var frame [24]uint64
	object := &node{value: seed}
	frame[depth%24] = mix(seed, uint64(depth))
	if depth > 0 {
		frame[0] += descend(depth-1, frame[depth%24])
	}
	return mix(frame[0]+frame[depth%24], chain(object.value, 1))
}

// stacks: each goroutine starts on the smallest stack and grows it tenfold while it allocates.
func stacks() uint64 {
	return together(40, func(i int) uint64 { return descend(700, uint64(i)) })
}

// unwound panics from deep below, through deferred functions that allocate.
func unwound(depth int, seed uint64) (sum uint64) {
	defer func() {
		sum = mix(sum, chain(seed, 3))
		if depth == 0 {
			return
		}
		if r := recover(); r != nil {
			sum += uint64(len(fmt.Sprint(r)))
		}
	}()
	if depth == 0 {
		var empty []int
		if seed%2 == 0 {
			panic(fmt.Errorf("seed %d", seed))
		}
		return uint64(empty[seed%7])
	}
	return mix(unwound(depth-1, mix(seed, uint64(depth))), chain(seed, 2))
}

func panics() uint64 {
	return together(16, func(i int) uint64 {
		var sum uint64
		for k := 0; k < 60; k++ {
			sum = mix(sum, unwound(12, uint64(i*100+k)))
		}
		finished := make(chan uint64)
		go func() {
			defer func() { finished <- chain(sum, 3) }()
			runtime.Goexit()
		}()
		return <-finished
	})
}

// exits: processes of this very binary that are gone as soon as they are there.
func exits() uint64 {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return together(24, func(i int) uint64 {
		err := exec.Command(self, "-child", strconv.Itoa(i+1)).Run()
		code := 0
		if exit, ok := err.(*exec.ExitError); ok {
			code = exit.ExitCode()
		} else if err != nil {
			panic(err)
		}
		return mix(uint64(i), uint64(code))
	})
}

// threads: locked goroutines that end take their threads with them.
func threads() uint64 {
	return together(60, func(i int) uint64 {
		runtime.LockOSThread()
		return chain(uint64(i), 50)
	})
}
