//go:build profile

package main

import (
	"log"
	"net"
	"net/http"
	_ "net/http/pprof" // on the default mux, which nothing else uses
	"os"
	"runtime"
	"strconv"
)

// In builds of their own, because net/http/pprof brings a large part of the library along.
func init() {
	if rate, err := strconv.Atoi(os.Getenv("HTTPSERVER_PROFILE_RATE")); err == nil {
		runtime.MemProfileRate = rate
	}
	if addr := os.Getenv("HTTPSERVER_PROFILES"); addr != "" {
		listener, err := net.Listen("tcp", addr)
		if err != nil {
			log.Fatal(err)
		}
		log.Print("profiles at http://", listener.Addr())
		go func() { log.Print(http.Serve(listener, nil)) }()
	}
}
