// Changer is a process that does not stay what it is. Each SIGUSR1 makes it allocate -burst objects. On SIGUSR2 it executes itself
// again (with twice the burst), on SIGWINCH it executes another program, on SIGVTALRM it runs a child of the same
// binary that allocates a burst and ends, and on SIGTERM it ends.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
)

var sink *[3]uint64

//go:noinline
func burst(n int) {
	for i := 0; i < n; i++ {
		sink = new([3]uint64) // @changer
	}
}

// The main goroutine keeps the main thread, so that whatever runs in another goroutine runs on another thread.
func init() {
	runtime.LockOSThread()
}

func execute(path string, args ...string) {
	panic(syscall.Exec(path, append([]string{path}, args...), os.Environ()))
}

func main() {
	size := flag.Int("burst", 1009, "objects for each SIGUSR1")
	mainThread := flag.Bool("main-thread", false, "execute from the main thread")
	child := flag.Bool("child", false, "allocate and end")
	flag.Parse()
	if *child {
		burst(*size)
		return
	}
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH, syscall.SIGVTALRM, syscall.SIGTERM)
	fmt.Println("ready", os.Getpid())
	for s := range signals {
		switch s {
		case syscall.SIGUSR1:
			burst(*size)
			fmt.Println("burst")
		case syscall.SIGUSR2:
			if *mainThread {
				execute(self, "-main-thread", "-burst", strconv.Itoa(2**size))
			}
			go execute(self, "-burst", strconv.Itoa(2**size))
		case syscall.SIGWINCH:
			go execute("/bin/sleep", "60")
		case syscall.SIGVTALRM:
			if err := exec.Command(self, "-child", "-burst", strconv.Itoa(*size)).Run(); err != nil {
				panic(err)
			}
			fmt.Println("burst")
		case syscall.SIGTERM:
			return
		}
	}
}
