// Plughost loads a plugin. Each SIGUSR1 makes the plugin and the host itself allocate.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"plugin"
	"strconv"
	"syscall"
)

var sink *[3]uint64

//go:noinline
func burst(n int) {
	for i := 0; i < n; i++ {
		sink = new([3]uint64) // @plughost
	}
}

func load(path string) func(int) {
	p, err := plugin.Open(path)
	if err != nil {
		panic(err)
	}
	symbol, err := p.Lookup("Burst")
	if err != nil {
		panic(err)
	}
	return symbol.(func(int))
}

// plughost N PLUGIN: loads it at once; with -late, at the second signal.
func main() {
	n, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	late := len(os.Args) > 3
	plugged := func(int) {}
	if !late {
		plugged = load(os.Args[2])
	}
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGUSR1)
	fmt.Println("ready", os.Getpid())
	for i := 0; ; i++ {
		<-signals
		if late && i == 1 {
			plugged = load(os.Args[2])
		}
		plugged(n)
		burst(n)
		fmt.Println("burst", i)
	}
}
