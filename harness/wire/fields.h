// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/base/result.h"
#include "harness/base/wait_status.h"
#include "harness/model/cage_spec.h"
#include "harness/model/event.h"
#include "harness/wire/bytes.h"
#include "harness/wire/record.h"

// The members of every type on the wire, in wire order. A change here is a
// change of wire::kVersion.
namespace driftcage::base {

template <class Archive>
void fields(Archive& archive, WaitStatus& value) {
  int raw = value.raw();
  archive(raw);
  if constexpr (Archive::kReading) value = WaitStatus(raw);
}

template <class Archive>
void fields(Archive& archive, Error& value) {
  archive(value.step, value.object, value.err, value.hint);
}

}  // namespace driftcage::base

namespace driftcage::model {

template <class Archive>
void fields(Archive& archive, ExecDetail& value) {
  archive(value.argv, value.environment, value.environment_complete, value.exe,
          value.interpreters, value.loader);
}

template <class Archive>
void fields(Archive& archive, FileId& value) {
  archive(value.device, value.inode, value.deleted);
}

template <class Archive>
void fields(Archive& archive, ElfSearch& value) {
  archive(value.rpath, value.runpath, value.needed, value.kind);
}

template <class Archive>
void fields(Archive& archive, Event& value) {
  archive(value.seq, value.process, value.generation, value.tid, value.verb,
          value.syscall, value.abi, value.enter_ns, value.exit_ns, value.result,
          value.err, value.dirfd, value.flags, value.mode, value.path,
          value.abs, value.real, value.cause, value.cause_at, value.cause_note,
          value.exec, value.file, value.elf, value.origins);
}

template <class Archive>
void fields(Archive& archive, ProcessStart& value) {
  archive(value.process, value.parent, value.pid, value.at_ns);
}

template <class Archive>
void fields(Archive& archive, ProcessEnd& value) {
  archive(value.process, value.at_ns, value.status);
}

template <class Archive>
void fields(Archive& archive, MappedFile& value) {
  archive(value.path, value.file, value.rights);
}

template <class Archive>
void fields(Archive& archive, Mapped& value) {
  archive(value.process, value.generation, value.at_ns, value.files);
}

namespace op {

template <class Archive>
void fields(Archive& archive, MakeDirectory& value) {
  archive(value.path, value.mode);
}
template <class Archive>
void fields(Archive& archive, WriteFile& value) {
  archive(value.path, value.bytes, value.mode);
}
template <class Archive>
void fields(Archive& archive, MakeSymlink& value) {
  archive(value.path, value.target);
}
template <class Archive>
void fields(Archive& archive, Hide& value) {
  archive(value.path);
}
template <class Archive>
void fields(Archive& archive, Chmod& value) {
  archive(value.path, value.mode, value.may_fail);
}
template <class Archive>
void fields(Archive& archive, Truncate& value) {
  archive(value.path, value.size);
}
template <class Archive>
void fields(Archive& archive, Corrupt& value) {
  archive(value.path, value.offset, value.length);
}
template <class Archive>
void fields(Archive& archive, MountTmpfs& value) {
  archive(value.at, value.size, value.inodes, value.mode, value.noexec,
          value.read_only);
}
template <class Archive>
void fields(Archive& archive, Remount& value) {
  archive(value.at, value.noexec, value.read_only);
}
template <class Archive>
void fields(Archive& archive, MountTree& value) {
  archive(value.from, value.at, value.read_only, value.noexec, value.own_ids,
          value.inside);
}
template <class Archive>
void fields(Archive& archive, MountShared& value) {
  archive(value.from, value.at);
}
template <class Archive>
void fields(Archive& archive, DropPrograms& value) {
  archive(value.names);
}
template <class Archive>
void fields(Archive& archive, RunCommand& value) {
  archive(value.argv, value.may_fail);
}
template <class Archive>
void fields(Archive& archive, SetVariables& value) {
  archive(value.set, value.unset);
}

}  // namespace op

template <class Archive>
void fields(Archive& archive, Limits& value) {
  archive(value.nofile, value.nproc, value.fsize, value.data, value.as,
          value.stack, value.cpu, value.core);
}

template <class Archive>
void fields(Archive& archive, TraceSpec& value) {
  archive(value.engine, value.verbs, value.explain, value.pin_cpu, value.cpu,
          value.redact, value.identify, value.mapped, value.gated, value.names);
}

template <class Archive>
void fields(Archive& archive, Injection& value) {
  archive(value.syscall, value.path_glob, value.err);
}

template <class Archive>
void fields(Archive& archive, CageSpec& value) {
  archive(value.root, value.root_is_host, value.root_own_ids, value.masks,
          value.let_in, value.ops, value.argv, value.environment,
          value.directory, value.uid, value.gid, value.groups, value.owner_uid,
          value.owner_gid, value.umask, value.limits, value.network, value.proc,
          value.drop_devices, value.clock_offset_s, value.hostname,
          value.injections, value.trace, value.timeout_ms, value.terminal,
          value.keep_into, value.keep);
}

}  // namespace driftcage::model

namespace driftcage::wire {

template <class Archive>
void fields(Archive& archive, Hello& value) {
  archive(value.version, value.wall_ns, value.engine);
}

template <class Archive>
void fields(Archive& archive, Seal& value) {
  archive(value.digest);
}

template <class Archive>
void fields(Archive& archive, StepTime& value) {
  archive(value.step, value.ns);
}

template <class Archive>
void fields(Archive& archive, CageUp& value) {
  archive(value.rung, value.steps, value.notes, value.ids);
}

template <class Archive>
void fields(Archive& archive, End& value) {
  archive(value.outcome, value.status, value.error, value.integrity,
          value.events, value.duration_ns, value.cage_ns, value.left_behind);
}

}  // namespace driftcage::wire
