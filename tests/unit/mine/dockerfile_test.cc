// SPDX-License-Identifier: Apache-2.0
#include "harness/mine/dockerfile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace driftcage::mine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(Dockerfile, WhatAFaultCanSay) {
  const DockerDrift drift = read_dockerfile(
      "# comment\nENV GOENV=off GOFLAGS=\"-mod=vendor -v\"\nENV OLD the rest\n"
      "RUN rm -rf /usr/bin/gcc /usr/bin/cc \\\n"
      "    # why\n"
      "    && chmod 0000 /etc/x; ln -sf /nowhere /usr/bin/ld\n"
      "user app:app\nCMD [\"go\", \"run\", \".\"]\n");
  EXPECT_THAT(
      drift.effects,
      ElementsAre(
          Pair("env", "GOENV=off"), Pair("env", "GOFLAGS=-mod=vendor -v"),
          Pair("env", "OLD=the rest"), Pair("hide", "/usr/bin/gcc"),
          Pair("hide", "/usr/bin/cc"), Pair("chmod", "/etc/x:0000"),
          Pair("symlink", "/usr/bin/ld:/nowhere"), Pair("user", "app")));
  EXPECT_THAT(drift.command, ElementsAre("go", "run", "."));
  EXPECT_THAT(drift.not_understood, IsEmpty());
}

TEST(Dockerfile, SaysWhatItDoesNotUnderstand) {
  const DockerDrift drift = read_dockerfile(
      "FROM golang:1.22\nRUN apt-get remove -y gcc && rm /a && rm $X /b\n"
      "COPY . /src\nRUN chmod u+x /f\nCMD go run .\n");
  EXPECT_THAT(drift.effects, ElementsAre(Pair("hide", "/a")));
  EXPECT_THAT(
      drift.not_understood,
      ElementsAre("line 1: FROM golang:1.22",
                  "line 2: RUN apt-get remove -y gcc", "line 2: RUN rm $X /b",
                  "line 3: COPY . /src", "line 4: RUN chmod u+x /f"));
  EXPECT_THAT(drift.command, ElementsAre("/bin/sh", "-c", "go run ."));
}

TEST(Dockerfile, TheLastStageCounts) {
  const DockerDrift drift = read_dockerfile(
      "FROM a AS builder\nENV X=1\nRUN rm /a\nCMD x\n"
      "FROM b\nENTRYPOINT [\"go\"]\nCMD [\"run\", \".\"]\n");
  EXPECT_THAT(drift.effects, IsEmpty());
  EXPECT_THAT(drift.not_understood, ElementsAre("line 5: FROM b"));
  EXPECT_THAT(drift.command, ElementsAre("go", "run", "."));
}

TEST(Dockerfile, AnEntryPointForTheShellIgnoresTheCommand) {
  EXPECT_THAT(read_dockerfile("CMD [\"run\"]\nENTRYPOINT go vet\n").command,
              ElementsAre("/bin/sh", "-c", "go vet"));
}

TEST(Dockerfile, ALineThatDoesNotEndIsNoLoop) {
  EXPECT_THAT(read_dockerfile("RUN rm /a \\").effects,
              ElementsAre(Pair("hide", "/a")));
  EXPECT_THAT(read_dockerfile("").effects, IsEmpty());
}

}  // namespace
}  // namespace driftcage::mine
