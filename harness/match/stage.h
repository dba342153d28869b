// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "harness/wire/record.h"

namespace driftcage::match {

// Which stage of `go run`, `go build`, `go test` or `go generate` each process
// belongs to, so that a failure says where it lies:
//
//   list     the go command finds packages, up to its first real tool; go list
//   build    the go command itself after that
//   version  a tool that is only asked for its version (-V=full)
//   compile, asm, cgo, vet, link
//            the tool of that name
//   tool     another tool of the toolchain: pack, cover, buildid, ...
//   gcc      a C compiler and what it starts, for cgo; also what CC or CXX
//            names
//   link     also the C compiler and linker that Go's linker starts
//   run      the program that was built, and what it starts; also what -exec
//            names to start it
//   generate what go generate starts; but a go command has its own stages
//
// "" outside of any go command.
class Stages {
 public:
  // Feed each record after everything else that is to see the state before it.
  void add(const wire::Record& record);
  [[nodiscard]] std::string_view stage(std::uint32_t process) const;
  // Of an exec that of the program that was to be started, else as above.
  [[nodiscard]] std::string_view stage_of(const model::Event& event) const;

 private:
  struct Process {
    std::uint32_t parent = 0;
    std::string_view stage;  // one of the literals above
    // Of the go command itself:
    bool is_go = false;
    bool runs = false;       // it starts what it built: run, test
    bool wraps = false;      // by another program: -exec
    bool generates = false;  // generate
    // First words of CC and CXX; empty when not set.
    std::string cc;
    std::string cxx;
  };
  static bool is_compiler(const Process& process, std::string_view path);
  // Whether the go command starts what it built, itself or by a wrapper.
  static bool starts_product(const Process& go, std::string_view path,
                             const std::vector<std::string>& argv);
  // What `process` becomes by this exec. `real`: a tool doing its work.
  static Process after(const Process& process, const model::Event& event,
                       bool& real);

  std::unordered_map<std::uint32_t, Process> processes_;
};

}  // namespace driftcage::match
