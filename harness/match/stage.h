// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "harness/wire/record.h"

namespace driftcage::match {

// Which stage of `go run`, `go build` or `go test` each process belongs to, so
// that a failure says where it lies:
//
//   list     the go command finds packages, up to its first real tool; go list
//   build    the go command itself after that
//   version  a tool that is only asked for its version (-V=full)
//   compile, asm, cgo, vet, link   the tool of that name
//   tool     another tool of the toolchain: pack, cover, buildid, ...
//   gcc      a C compiler and what it starts, for cgo
//   link     also the C compiler and linker that Go's linker starts
//   run      the program that was built, and what it starts
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
    bool is_go = false;      // the go command
    bool runs = false;       // it starts what it built: run, test
  };
  // What `process` becomes by this exec. `real`: a tool doing its work.
  static Process after(const Process& process, const model::Event& event,
                       bool& real);

  std::unordered_map<std::uint32_t, Process> processes_;
};

}  // namespace driftcage::match
