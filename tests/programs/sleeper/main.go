// Sleeper is a daemon for tests that attach to a running process. It writes "ready PID" to standard output once it is
// up. Each SIGUSR1 makes it allocate exactly -burst objects, and -rate objects are allocated each second besides, in ticks; at
// SIGUSR2 it prints how many ticks there were. On SIGTERM or SIGINT it prints how many it made of each kind and ends.
//
// Between signals, and with the rate at 0, it allocates nothing.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"
)

var sink *[3]uint64

//go:noinline
func burst(n int) {
	for i := 0; i < n; i++ {
		sink = new([3]uint64) // @burst
	}
}

var sinkSlow *[5]uint64

//go:noinline
func steady(n int) {
	for i := 0; i < n; i++ {
		sinkSlow = new([5]uint64) // @steady
	}
}

func main() {
	size := flag.Int("burst", 1009, "objects for each SIGUSR1")
	rate := flag.Int("rate", 0, "objects each second")
	flag.Parse()
	debug.SetGCPercent(400)
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTERM, syscall.SIGINT)
	const perSecond = 50
	var ticks <-chan time.Time
	if *rate > 0 {
		ticker := time.NewTicker(time.Second / perSecond)
		defer ticker.Stop()
		ticks = ticker.C
	}
	fmt.Println("ready", os.Getpid())
	bursts, ticked := 0, 0
	for {
		select {
		case <-ticks:
			steady(*rate / perSecond)
			ticked++
		case s := <-signals:
			switch s {
			case syscall.SIGUSR1:
				burst(*size)
				bursts++
				fmt.Println("burst", bursts)
				continue
			case syscall.SIGUSR2:
				fmt.Println("ticks", ticked)
				continue
			}
			fmt.Printf("{\"burst\":%d,\"steady\":%d}\n", bursts**size, ticked*(*rate/perSecond))
			return
		}
	}
}
