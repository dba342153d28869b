// SPDX-License-Identifier: Apache-2.0
// What is read of apt's output, packages, and accounts of an image.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "harness/image/accounts.h"
#include "harness/image/apt.h"
#include "harness/image/contents.h"
#include "harness/image/deb.h"
#include "harness/image/oci.h"
#include "harness/image/sources.h"
#include "tests/unit/image/root_maker.h"
#include "tests/unit/image/store_maker.h"
#include "tests/unit/image/tar_maker.h"

namespace driftcage::image {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kUris =
    "Hit:1 something\n"
    "'https://repo.example.com/debian/dists/bookworm/InRelease' a 0 \n"
    "'https://repo.example.com/debian/dists/bookworm/stable/binary-amd64/"
    "Packages.xz' a 0 \n"
    "'https://sec.example.com/debian-security/dists/bookworm-security/main/"
    "binary-amd64/Packages.xz' a 0 \n"
    "'https://old.example.com/debian/dists/bullseye/main/binary-amd64/"
    "Packages.xz' a 0 \n"
    "'https://mirror.example.com/debian/dists/bookworm/main/binary-amd64/"
    "Packages.xz' a 0 \n"
    "'https://ubuntu.example.com/ubuntu/dists/noble/main/binary-amd64/"
    "Packages.xz' a 0 \n";

TEST(MirrorIn, PrefersTheMachinesOwnRelease) {
  EXPECT_EQ(mirror_in(kUris, "bookworm"), "https://mirror.example.com/debian");
  EXPECT_EQ(mirror_in(kUris, "noble"), "https://old.example.com/debian");
  EXPECT_EQ(mirror_in("'https://x.example.com/dists/noble/main/binary-amd64/"
                      "Packages.xz' a 0\n",
                      "noble"),
            "");
  EXPECT_EQ(mirror_in("", ""), "");
}

const std::string kHex(64, 'a');

TEST(PackagesIn, ReadsAptsPlan) {
  const auto packages = packages_in(
      "Reading package lists...\n"
      "'https://x.example.com/gcc_12.deb' gcc_4%3a12.2.0-3_amd64.deb 5304 "
      "SHA256:" +
      kHex + "\n");
  ASSERT_TRUE(packages);
  EXPECT_THAT(*packages, ElementsAre(DebianPackage{"gcc", "4:12.2.0-3",
                                                   "gcc_4%3a12.2.0-3_amd64.deb",
                                                   "sha256:" + kHex, 5304}));
}

TEST(PackagesIn, RefusesWhatCannotBeChecked) {
  for (const char* line :
       {"'u' gcc_1_amd64.deb 5 MD5Sum:00000000000000000000000000000000\n",
        "'u' gcc_1_amd64.deb 5 \n", "'u' gcc_1_amd64.deb x SHA256:00\n",
        "'u' ../../x_1_amd64.deb 5 SHA256:00\n", "'u\n"}) {
    EXPECT_EQ(packages_in(line).error().err, EINVAL) << line;
  }
}

TEST(PrivateConfiguration, TakesTheNetworkAndNothingElse) {
  const std::string text = private_configuration(
      "APT::Update::Post-Invoke:: \"rm -f /var/cache/apt/archives/*.deb\";\n"
      "Acquire::http::Proxy \"http://proxy.example.com:3128\";\n"
      "Acquire::AllowInsecureRepositories \"1\";\n"
      "Dir::Cache \"var/cache/apt\";\n",
      "/folder");
  EXPECT_THAT(text, HasSubstr("proxy.example.com"));
  EXPECT_THAT(text, Not(HasSubstr("Post-Invoke")));
  EXPECT_THAT(text, Not(HasSubstr("AllowInsecure")));
  EXPECT_THAT(text, HasSubstr("Dir::Cache \"/folder\";"));
}

std::string member(const std::string& name, const std::string& bytes) {
  std::string header = name;
  header.resize(48, ' ');
  header += std::to_string(bytes.size());
  header.resize(58, ' ');
  std::string padded = bytes;
  if (padded.size() % 2 != 0) padded += '\n';
  return header + "`\n" + padded;
}

TEST(OpenPackage, FindsTheFiles) {
  const StorePlace place;
  const auto source = open_package(
      place.file("good.deb", "!<arch>\n" + member("debian-binary", "2.0") +
                                 member("control.tar.xz", "c") +
                                 member("data.tar.xz", "DATA")));
  ASSERT_TRUE(source) << source.error().message();
  EXPECT_EQ(source->size, 4u);
  EXPECT_EQ(*source->offset, 8u + 60 + 4 + 60 + 2 + 60);
}

TEST(PackageControl, IsFoundAmongTheScripts) {
  const StorePlace place;
  const auto control = [&place](const TarMaker& tar) {
    return package_control(
        place.file("p.deb", "!<arch>\n" + member("debian-binary", "2.0") +
                                member("control.tar", tar.bytes()) +
                                member("data.tar.xz", "DATA")));
  };
  TarMaker tar;
  tar.file("./postinst", "#!/bin/sh\n").file("./control", "Package: p\n");
  EXPECT_EQ(control(tar).value(), "Package: p\n");
  TarMaker without;
  without.file("./postinst", "#!/bin/sh\n");
  EXPECT_THAT(control(without).error().hint, HasSubstr("no control file"));
  TarMaker directory;
  directory.directory("./control");
  EXPECT_FALSE(control(directory));
}

TEST(OpenPackage, RefusesOthers) {
  const StorePlace place;
  const auto open = [&place](const std::string& bytes) {
    return open_package(place.file("bad.deb", bytes));
  };
  EXPECT_FALSE(open(""));
  EXPECT_FALSE(open("!<arch>\n"));
  EXPECT_FALSE(open("PK\3\4 this is a zip file"));
  EXPECT_FALSE(open("!<arch>\n" + member("debian-binary", "2.0")));
  EXPECT_FALSE(open("!<arch>\n" + std::string(60, 'x')));
  std::string endless = "!<arch>\n";
  for (int i = 0; i < 40; ++i) endless += member("m", "");
  EXPECT_FALSE(open(endless));
}

class Accounts : public ::testing::Test {
 protected:
  Accounts() {
    root_.file("/etc/passwd",
               "root:x:0:0:root:/root:/bin/sh\n"
               "broken line\n"
               "go:x:1000:1001::/home/go:/bin/sh\n");
    root_.file("/etc/group",
               "root:x:0:\nstaff:x:50:other\nadm:x:4:other,go\n"
               "audio:x:29:go\nvideo:x:29:go\ngone:x:9:gopher,ago\n"
               "bad:x:no:go\n");
  }
  base::Result<Account> find(const std::string& user) const {
    return find_account(root_.root(), user);
  }
  RootMaker root_;
};

TEST_F(Accounts, ByNameAndNumber) {
  EXPECT_EQ(find("go").value(), (Account{1000, 1001, {4, 29}}));
  EXPECT_EQ(find("1000").value(), (Account{1000, 1001, {4, 29}}));
  EXPECT_EQ(find("go:staff").value(), (Account{1000, 50}));
  EXPECT_EQ(find("7").value(), (Account{7, 0}));
  EXPECT_EQ(find("7:8").value(), (Account{7, 8}));
  EXPECT_EQ(find("nobody").error().err, ENOENT);
  EXPECT_EQ(find("go:wheel").error().err, ENOENT);
  EXPECT_EQ(find("-1").error().err, ENOENT);
}

TEST_F(Accounts, AreNotLookedUpOutside) {
  const RootMaker other;
  other.file("/passwd", "evil:x:0:0::/:/bin/sh\n");
  std::filesystem::remove(root_.at("/etc/passwd"));
  root_.link("/etc/passwd", other.at("/passwd"));
  EXPECT_EQ(find("evil").error().err, ENOENT);
}

TEST(Contents, FindsToolchainsShellsAndUsers) {
  const RootMaker root;
  const std::string tools = "/pkg/tool/linux_" + machine_architecture();
  for (const std::string top : {"/usr/lib/go-1.19", "/usr/local/go"}) {
    root.program(top + "/bin/go");
    root.directory(top + tools);
  }
  root.file("/usr/share/go-1.19/VERSION", "go1.19.8\n");
  root.link("/usr/lib/go-1.19/VERSION", "../../share/go-1.19/VERSION");
  root.file("/usr/local/go/VERSION", "go1.23.5\ntime 2025\n");
  root.link("/usr/bin/go", "../lib/go-1.19/bin/go");
  root.directory("/opt/gopher");  // no toolchain
  root.program("/bin/sh");
  root.file("/etc/passwd", "root:x:0:0::/:/bin/sh\n:x:\nme:x:1:1::/:\n");
  Image image;
  image.root = root.root();
  image.environment["PATH"] = "/usr/bin:/usr/local/go/bin";
  const auto found = find_toolchains(image);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].goroot, "/usr/lib/go-1.19");
  EXPECT_EQ(found[0].version, "1.19.8");
  EXPECT_EQ(found[1].version, "1.23.5");
  EXPECT_EQ(found[1].tool_dir, "/usr/local/go" + tools);
  EXPECT_THAT(find_shells(image), ElementsAre("/bin/sh"));
  EXPECT_THAT(find_users(image), ElementsAre("root", "me"));
}

TEST(ExplainPull, GivesEveryRegistryErrorAHint) {
  const PullFailure plain = explain_pull(
      "Getting image source signatures\n"
      "time=\"2026-01-01\" level=fatal msg=\"pinging: http: server gave HTTP "
      "response to HTTPS client \\\"x\\\"\"\n");
  EXPECT_THAT(plain.message, HasSubstr("response to HTTPS client \"x\""));
  EXPECT_THAT(plain.hint, HasSubstr("--no-tls-verify"));
  EXPECT_THAT(explain_pull("unauthorized: authentication required").hint,
              HasSubstr("skopeo login"));
  EXPECT_EQ(explain_pull("something new").hint, "");
  EXPECT_EQ(explain_pull("").message, "");
}

}  // namespace
}  // namespace driftcage::image
