// Command client sends numbered messages to a server on 127.0.0.1 as fast as it accepts them, and
// prints its measurements as one line of JSON. Standard input has one message as sent over the wire;
// the number replaces its first eight zeros. An unexpected reply ends the run.
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/textproto"
	"os"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	number = "00000000"
	ehlo   = "EHLO client.bench.example\r\n"
	from   = "MAIL FROM:<sender@bench.example>\r\n"
	to     = "RCPT TO:<receiver@bench.example>\r\n"
	data   = "DATA\r\n"
)

var (
	port        = flag.Int("port", 0, "of the server")
	connections = flag.Int("connections", 1, "at the same time")
	first       = flag.Int("first", 0, "number of the first message")
	count       = flag.Int("count", 1, "messages at most")
	seconds     = flag.Float64("seconds", 1, "in which messages are begun")
	each        = flag.Bool("each", false, "a connection for each message")
	pipelined   = flag.Bool("pipelined", false, "MAIL, RCPT and DATA in one write")
	account     = flag.String("account", "", "USER:PASSWORD for STARTTLS and AUTH PLAIN")
	// The server is measured, so its certificate is not verified; one curve, as most clients use.
	config = &tls.Config{InsecureSkipVerify: true, CurvePreferences: []tls.CurveID{tls.X25519}}
)

func check(err error) {
	if err != nil {
		log.Fatalln("load client:", err)
	}
}

type session struct {
	net.Conn
	replies *textproto.Reader
}

func newSession(conn net.Conn) *session {
	return &session{conn, textproto.NewReader(bufio.NewReader(conn))}
}

// send writes bytes and reads one reply for each code.
func (s *session) send(text []byte, codes ...int) {
	_, err := s.Write(text)
	check(err)
	for _, code := range codes {
		_, _, err := s.replies.ReadResponse(code)
		check(err)
	}
}

func open() *session {
	conn, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", *port))
	check(err)
	s := newSession(conn)
	s.send(nil, 220)
	s.send([]byte(ehlo), 250)
	if *account != "" {
		s = s.login()
	}
	return s
}

func (s *session) login() *session {
	s.send([]byte("STARTTLS\r\n"), 220)
	s = newSession(tls.Client(s.Conn, config))
	s.send([]byte(ehlo), 250)
	plain := "\x00" + strings.Replace(*account, ":", "\x00", 1)
	s.send([]byte("AUTH PLAIN "+base64.StdEncoding.EncodeToString([]byte(plain))+"\r\n"), 235)
	return s
}

func (s *session) deliver(message []byte) {
	if *pipelined {
		s.send([]byte(from+to+data), 250, 250, 354)
	} else {
		s.send([]byte(from), 250)
		s.send([]byte(to), 250)
		s.send([]byte(data), 354)
	}
	s.send(message, 250)
}

// quit waits until the server has closed the connection (RFC 5321 section 4.1.1.10).
func (s *session) quit() {
	s.send([]byte("QUIT\r\n"), 221)
	io.Copy(io.Discard, s.replies.R)
	s.Close()
}

// run has the state that all connections share.
type run struct {
	message   []byte
	begun     time.Time
	taken     int64
	latencies []float64
	ready     sync.WaitGroup
	begin     chan struct{}
	done      sync.WaitGroup
}

// next returns the index of the next message to send, false if there is none.
func (r *run) next() (int, bool) {
	if time.Since(r.begun).Seconds() >= *seconds {
		return 0, false
	}
	index := int(atomic.AddInt64(&r.taken, 1)) - 1
	return index, index < *count
}

func (r *run) work() {
	defer r.done.Done()
	message := append([]byte(nil), r.message...)
	place := message[bytes.Index(message, []byte(number)):]
	var s *session
	if !*each {
		s = open()
		defer s.quit()
	}
	r.ready.Done()
	<-r.begin
	for index, more := r.next(); more; index, more = r.next() {
		start := time.Now()
		if *each {
			s = open()
		}
		copy(place, fmt.Sprintf("%08d", *first+index))
		s.deliver(message)
		r.latencies[index] = time.Since(start).Seconds()
		if *each {
			s.quit()
		}
	}
}

func main() {
	flag.Parse()
	message, err := io.ReadAll(os.Stdin)
	check(err)
	r := &run{message: message, latencies: make([]float64, *count), begin: make(chan struct{})}
	r.ready.Add(*connections)
	r.done.Add(*connections)
	for i := 0; i < *connections; i++ {
		go r.work()
	}
	r.ready.Wait()
	r.begun = time.Now()
	close(r.begin)
	r.done.Wait()
	r.report(time.Since(r.begun).Seconds())
}

func (r *run) report(elapsed float64) {
	var used syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	sent := *count
	if int(r.taken) < sent {
		sent = int(r.taken)
	}
	latencies := r.latencies[:sent]
	sort.Float64s(latencies)
	check(json.NewEncoder(os.Stdout).Encode(map[string]interface{}{
		"sent":    sent,
		"seconds": elapsed,
		"cpu":     time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds(),
		"latency": latencies[sent/2],
	}))
}
