// SPDX-License-Identifier: Apache-2.0
// Archives as other people's tools make them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/image/image_test_kit.h"
#include "tests/must_work.h"

namespace driftcage::image_test {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class Archives : public StoreTest {
 protected:
  void SetUp() override {
    shell(
        "umask 022; mkdir -p tree/usr/bin tree/etc tree/closed tree/sub/deep\n"
        "printf '#!/bin/sh\\necho hi\\n' >tree/usr/bin/tool\n"
        "chmod 755 tree/usr/bin/tool; ln -s usr/bin tree/bin\n"
        "ln tree/usr/bin/tool tree/usr/bin/same\n"
        "echo text >tree/etc/file; chmod 640 tree/etc/file\n"
        "truncate -s 3000000 tree/sub/sparse; echo end >>tree/sub/sparse\n"
        "mkfifo tree/sub/pipe; chmod 700 tree/closed\n"
        "name=$(printf %0150d 7); echo long >tree/sub/deep/$name\n"
        "seq 200000 >tree/sub/numbers");
    expected_ = listing(at("tree"));
  }
  void expect_same(const std::string& reference) const {
    const Outcome outcome = image({"import", reference});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(listing(root_of(reference.substr(reference.rfind('/') + 1))),
              expected_);
  }
  // The reference of an archive of the tree with a shell in it; and two fifos.
  [[nodiscard]] std::string make_shell_image() const {
    shell(
        "cp -L --parents /bin/sh $(ldd /bin/sh | grep -o '/[^ ]*') tree\n"
        "tar -C tree -cf one.tar .; mkfifo in out");
    return "tar:" + at("one.tar");
  }
  // An OCI layout `layout` with the tree as its only layer.
  void make_layout() const {
    shell(
        "umoci init --layout layout && umoci new --image layout:v1\n"
        "umoci unpack --rootless --image layout:v1 bundle\n"
        "cp -a tree/. bundle/rootfs/\n"
        "umoci repack --image layout:v1 bundle\n"
        "umoci config --image layout:v1 --config.env PATH=/usr/bin:/bin "
        "--config.env FOO=bar --config.user 0:0 --config.workingdir /sub");
  }

  std::string expected_;
};

TEST_F(Archives, OfTarInEveryCompression) {
  for (const char* how :
       {"cf all.tar", "czf all.tar.gz", "cJf all.tar.xz",
        "--zstd -cf all.tar.zst", "-S -cf holes.tar",
        "--format=pax -cf all.pax", "--format=gnu -cf all.gnu"}) {
    const std::string line = how;
    shell("tar -C tree " + line + " . 2>/dev/null || tar " + line +
          " -C tree .");
    const std::string name = line.substr(line.rfind(' ') + 1);
    SCOPED_TRACE(name);
    shell("test -f " + name + " || mv tree/" + name + " .");
    expect_same("tar:" + at(name));
  }
}

// No cage has an id of that size.
TEST_F(Archives, OwnersThatCannotBeAreShown) {
  shell("tar --owner=200000 --group=70000 -C tree -cf far.tar .");
  const std::string reference = "tar:" + at("far.tar");
  ASSERT_EQ(image({"import", reference}).code, 0);
  EXPECT_THAT(image({"inspect", reference}).out, HasSubstr("other owners"));
  const Outcome shown = image({"inspect", "--json", reference});
  EXPECT_THAT(shown.out, HasSubstr("\"uid\": 200000"));
  EXPECT_THAT(shown.out, HasSubstr("\"gid\": 70000"));
}

TEST_F(Archives, OfBsdtar) {
  need_program("bsdtar");
  if (IsSkipped()) return;
  for (const char* name : {"bsd.tar", "bsd.tar.gz", "bsd.tar.zst"}) {
    SCOPED_TRACE(name);
    shell(std::string("bsdtar -a -cf ") + name + " -C tree .");
    expect_same("tar:" + at(name));
  }
}

TEST_F(Archives, OfUmociAndSkopeo) {
  need_program("umoci");
  need_program("skopeo");
  if (IsSkipped() || HasFatalFailure()) return;
  make_layout();
  expect_same("oci:" + at("layout") + ":v1");
  const std::string copy = "skopeo --insecure-policy copy -q oci:layout:v1 ";
  shell(copy + "docker-archive:saved.tar:team/ci:7");
  shell(copy + "oci-archive:layout.tar:v1");
  expect_same("docker-archive:" + at("saved.tar"));
  expect_same("oci-archive:" + at("layout.tar") + ":v1");
  // Packed as a whole, as `docker save | gzip` does.
  shell("gzip -k saved.tar");
  expect_same("docker-archive:" + at("saved.tar.gz"));

  const Outcome shown =
      image({"inspect", "--json", "docker-archive:" + at("saved.tar")});
  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("\"FOO\": \"bar\""));
  EXPECT_THAT(shown.out, HasSubstr("\"working_directory\": \"/sub\""));
}

// Storages of an ordinary user need namespaces that only a login gives it.
TEST_F(Archives, OfBuildahAndPodmanAndTheirStorage) {
  need_program("buildah");
  need_program("podman");
  need_program("skopeo");
  if (IsSkipped() || HasFatalFailure()) return;
  DRIFTCAGE_ROOT_ONLY("buildah works as root here");
  const std::string storage =
      " --storage-driver vfs --root \"$PWD/kept\" --runroot \"$PWD/run\" ";
  const std::string image = "localhost/team/ci:7";
  shell(
      "printf 'FROM scratch\\nENV FOO=bar\\nWORKDIR /sub\\nCOPY tree/ "
      "/\\n' >Containerfile\nbuildah" +
      storage + "bud -q --isolation chroot -t " + image + " .\nbuildah" +
      storage + "push -q " + image + " oci:built:v1\npodman" + storage +
      "save -q -o saved.tar " + image + "\npodman" + storage +
      "save -q --format oci-archive -o layout.tar " + image);
  expect_same("oci:" + at("built") + ":v1");
  expect_same("docker-archive:" + at("saved.tar"));
  expect_same("oci-archive:" + at("layout.tar"));
  const std::string local =
      "containers-storage:[vfs@" + at("kept") + "+" + at("run") + "]" + image;
  const Outcome pulled = this->image({"pull", local});
  EXPECT_EQ(pulled.code, 0) << pulled.err;
  EXPECT_EQ(listing(root_of("containers-storage:")), expected_);
  const Outcome shown = this->image({"inspect", "--json", local});
  EXPECT_THAT(shown.out, HasSubstr("\"FOO\": \"bar\""));
  EXPECT_THAT(shown.out, HasSubstr("\"working_directory\": \"/sub\""));
  const Outcome missing = this->image({"pull", local + "8"});
  EXPECT_EQ(missing.code, 3);
  EXPECT_THAT(missing.err, HasSubstr("podman images"));
}

// A daemon of the test's own, without a network.
TEST_F(Archives, OfADockerDaemon) {
  if (cli_test::execute({"sh", "-c", "command -v dockerd"}).code != 0)
    GTEST_SKIP() << "dockerd (docker.io) is not installed";
  DRIFTCAGE_ROOT_ONLY("dockerd works as root");
  need_program("skopeo");
  if (IsSkipped() || HasFatalFailure()) return;
  Setting setting = own();
  setting.set["DOCKER_HOST"] = "unix://" + at("docker.sock");
  const auto pull = [&] {
    return cli_test::driftcage({"image", "pull", "docker-daemon:ci:7"},
                               setting);
  };
  const Outcome none = pull();
  EXPECT_EQ(none.code, 3);
  EXPECT_THAT(none.err, HasSubstr("set DOCKER_HOST"));
  // It ends with the script, which waits for it.
  const Outcome outcome = cli_test::execute(
      {"sh", "-ec",
       "dockerd --data-root $PWD/d --exec-root $PWD/e -H $DOCKER_HOST "
       "--pidfile $PWD/pid --bridge=none --iptables=false --ip-forward=false "
       "--ip-masq=false --storage-driver=vfs >dockerd.log 2>&1 & daemon=$!\n"
       "trap 'kill $daemon; wait $daemon; cat dockerd.log >&2' EXIT\n"
       "mkfifo said\n"
       "tail -n +1 -f --pid=$daemon dockerd.log >said &\n"
       "sed '/API listen on/q' said >seen\n"
       "tar -C tree -c . | docker import -q - ci:7 || "
       "tar -C tree -c . | docker import - ci:7\n"
       "\"$0\" image pull docker-daemon:ci:7",
       DRIFTCAGE_PROGRAM},
      setting);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(listing(root_of("docker-daemon:ci:7")), expected_);
}

TEST_F(Archives, WhiteoutsOfUmociRemove) {
  need_program("umoci");
  if (IsSkipped()) return;
  make_layout();
  shell(
      "rm -rf bundle && umoci unpack --rootless --image layout:v1 bundle\n"
      "rm -rf bundle/rootfs/etc bundle/rootfs/usr/bin/same\n"
      "mkdir bundle/rootfs/etc && echo new >bundle/rootfs/etc/new\n"
      "umoci repack --image layout:v2 bundle\n"
      "rm -rf tree/etc tree/usr/bin/same; mkdir tree/etc\n"
      "echo new >tree/etc/new");
  expected_ = listing(at("tree"));
  expect_same("oci:" + at("layout") + ":v2");
}

TEST_F(Archives, TwoImagesWithOneContentShareATree) {
  shell("tar -C tree -cf one.tar . && cp one.tar two.tar");
  expect_same("tar:" + at("one.tar"));
  expect_same("tar:" + at("two.tar"));
  EXPECT_EQ(root_of("one.tar"), root_of("two.tar"));
  EXPECT_EQ(shell("ls cache/driftcage/images/rootfs | wc -l"), "1\n");
}

TEST_F(Archives, WhatIsNoArchiveIsRefused) {
  shell(
      "seq 100000 >text; gzip -c text >text.gz; tar -C tree -czf good.tar.gz .;"
      "head -c 20000 good.tar.gz >cut.tar.gz");
  for (const char* name : {"text", "text.gz", "cut.tar.gz"}) {
    const Outcome outcome = image({"import", "tar:" + at(name)});
    EXPECT_EQ(outcome.code, 3) << name;
    EXPECT_THAT(outcome.err, HasSubstr("driftcage: error:")) << name;
  }
  EXPECT_EQ(shell("ls cache/driftcage/images/rootfs | wc -l"), "0\n");
}

TEST_F(Archives, AreManagedToTheEnd) {
  shell("tar -C tree -cf one.tar .");
  const std::string reference = "tar:" + at("one.tar");
  ASSERT_EQ(image({"import", reference}).code, 0);
  EXPECT_THAT(image({"import", reference}).out, HasSubstr("(was there)"));
  EXPECT_THAT(image({"list"}).out, HasSubstr("one.tar"));
  Outcome outcome = image({"verify"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("ok"));

  shell("echo more >>'" + root_of("one.tar") + "/etc/file'");
  outcome = image({"verify"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.out, HasSubstr("damaged"));

  EXPECT_EQ(image({"rm", "tar:" + at("tree")}).code, 3);
  EXPECT_EQ(image({"rm", reference}).code, 0);
  outcome = image({"gc"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("removed  tree sha256:"));
  EXPECT_EQ(shell("find cache/driftcage/images -mindepth 2 -name '*' -type f"),
            "");
}

TEST_F(Archives, OfAFileThatIsGoneAreManaged) {
  need_program("umoci");
  if (IsSkipped()) return;
  make_layout();
  shell("tar -C tree -cf one.tar .; mkdir a:b && mv layout a:b/c:d");
  const std::vector<std::string> references{"tar:" + at("one.tar"),
                                            "oci:" + at("a:b/c:d")};
  for (const std::string& reference : references)
    ASSERT_EQ(image({"import", reference}).code, 0) << reference;
  shell("rm -rf one.tar a:b");
  for (const std::string& reference : references) {
    EXPECT_EQ(image({"verify", reference}).code, 0) << reference;
    const std::string gone = "open image: " + reference + ": No such file";
    const Outcome imported = image({"import", reference});
    EXPECT_THAT(imported.code, AnyOf(2, 3));
    EXPECT_THAT(imported.err, HasSubstr(gone));
    const Outcome inspected = image({"inspect", reference});
    EXPECT_EQ(inspected.code, 0) << inspected.err;
    EXPECT_THAT(inspected.err, HasSubstr("note: " + gone));
    EXPECT_THAT(inspected.out, HasSubstr("libc "));
    const Outcome outcome = image({"rm", reference});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
  }
  EXPECT_EQ(image({"list", "--json"}).out.find(folder_.string()),
            std::string::npos);
}

TEST_F(Archives, ATreeThatATraceRunsOnIsLeft) {
  const std::string reference = make_shell_image();
  ASSERT_EQ(image({"import", reference}).code, 0);
  const Outcome outcome = cli_test::execute(
      {"sh", "-ec",
       "\"$0\" trace --image \"$1\" -o /dev/null -- /bin/sh -c "
       "'echo started; read line; read text </etc/file; echo $line $text' <in "
       ">out & run=$!\n"
       "exec 3>in 4<out; read word <&4; echo $word\n"
       "\"$0\" image rm -q \"$1\"; \"$0\" image gc\n"
       "echo whole >&3; cat <&4; wait $run\n\"$0\" image gc",
       DRIFTCAGE_PROGRAM, reference},
      own());
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(
      outcome.out,
      MatchesRegex("started\nforgot [^\n]*\nin use   tree sha256:[^\n]*\n"
                   "0 B freed\nwhole text\n"
                   "removed  tree sha256:[^\n]*\n[^\n]* freed\n"));
}

// An ordinary user may not look into it; root may into all.
TEST_F(Archives, WhatIsInALockedDirectoryCounts) {
  const std::string user =
      ::geteuid() == 0 ? "setpriv --reuid=12345 --regid=12345 --clear-groups "
                       : "";
  const auto image_of_user = [&](const std::string& words) {
    return cli_test::execute({"sh", "-c",
                              user + "env -i PATH=\"$PATH\" HOME=" +
                                  at("home") + " XDG_CACHE_HOME=" + at("home") +
                                  " " + DRIFTCAGE_PROGRAM + " image " + words},
                             own());
  };
  shell(
      "mkdir -p locked/in/deep home; printf 12345 >locked/in/deep/five\n"
      "tar --mode=0 -C locked -cf locked.tar in; chmod 644 locked.tar\n"
      "chmod 755 .; chmod 777 home");
  const Outcome outcome =
      image_of_user("import --json tar:" + at("locked.tar"));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("\"bytes\": 5,"));
  EXPECT_EQ(image_of_user("verify").code, 0);
  shell(
      "cd home/driftcage/images/rootfs/*/root\n"
      "chmod 700 in; chmod 700 in/deep; chmod 600 in/deep/five\n"
      "printf 123456 >in/deep/five; chmod 0 in/deep/five in/deep in");
  EXPECT_THAT(image_of_user("verify").out, HasSubstr("3 entries with 6 bytes"));
  shell("chmod -R u+rwX home");  // or it could not be removed
}

TEST_F(Archives, ATreeThatAShellRunsOnIsLeft) {
  const std::string reference = make_shell_image();
  shell(
      "mkdir -p scenarios/t\n"
      "cat >scenarios/t/a.toml <<'END'\n"
      "schema = 1\nid = \"t/a\"\ntitle = \"A file that is not there\"\n"
      "run = [\"/bin/sh\", \"-c\", \"read x </etc/file\"]\n"
      "[[fault]]\nid = \"gone\"\nhide = [\"/etc/file\"]\n"
      "[expect]\nexit = \"nonzero\"\nsee = [\"open /etc/file = "
      "ENOENT\"]\nEND");
  const Outcome outcome = cli_test::execute(
      {"sh", "-ec",
       "\"$0\" run -q --image \"$1\" --record r >&2\n"
       "\"$0\" shell r/t/a/control <in >out & run=$!\n"
       "exec 3>in 4<out; echo 'echo started' >&3; read word <&4; echo $word\n"
       "\"$0\" image rm -q \"$1\"; \"$0\" image gc\n"
       "echo 'read text </etc/file; echo whole $text; exit' >&3; cat <&4\n"
       "wait $run",
       DRIFTCAGE_PROGRAM, reference},
      own());
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(
      outcome.out,
      MatchesRegex("started\nforgot [^\n]*\nin use   tree sha256:[^\n]*\n"
                   "0 B freed\nwhole text\n"))
      << outcome.err;
}

TEST_F(Archives, AnotherArchitectureIsRefusedWithItsName) {
  need_program("umoci");
  if (IsSkipped()) return;
  make_layout();
  shell("umoci config --image layout:v1 --architecture s390x");
  const Outcome outcome = image({"import", "oci:" + at("layout") + ":v1"});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("it is for s390x, this machine is"));
  EXPECT_THAT(outcome.err, HasSubstr("exec format error"));
}

}  // namespace
}  // namespace driftcage::image_test
