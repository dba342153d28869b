// SPDX-License-Identifier: Apache-2.0
#include "harness/base/redact.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace driftcage::base {
namespace {

using testing::ElementsAre;

TEST(Redact, SecretNames) {
  for (const char* name : {"TOKEN",
                           "GITHUB_TOKEN",
                           "NPM_TOKEN_2",
                           "DB_PASSWORD",
                           "MYSQL_PWD",
                           "DB_PASS",
                           "SECRET",
                           "AWS_SECRET_ACCESS_KEY",
                           "API_KEY",
                           "APIKEY",
                           "SSH_KEYS",
                           "GOOGLE_CREDENTIALS",
                           "SSH_AUTH_SOCK",
                           "COOKIE",
                           "--password",
                           "--api-key",
                           "-token",
                           "apiToken",
                           "myPassword",
                           "DBPASSWORD",
                           "HTTP_AUTHORIZATION",
                           "GH_PAT"}) {
    EXPECT_TRUE(is_secret_name(name)) << name;
  }
}

TEST(Redact, OrdinaryNames) {
  for (const char* name :
       {"PATH", "HOME", "PWD", "OLDPWD", "GOPATH", "GOFLAGS", "KEYBOARD",
        "MONKEY", "XKB_DEFAULT_LAYOUT", "COMPASS", "AUTHOR", "GIT_AUTHOR_NAME",
        "PATCH", "TOKENIZER", "--path", "-o", "SECRETARY", "GOCACHE", "CC"}) {
    EXPECT_FALSE(is_secret_name(name)) << name;
  }
}

TEST(Redact, UserInfoInUrls) {
  EXPECT_EQ(redact_text("https://user:word@proxy.example.com/x"),
            "https://***@proxy.example.com/x");
  EXPECT_EQ(redact_text("a git+ssh://t0ken@h.example.com b http://h/@x"),
            "a git+ssh://***@h.example.com b http://h/@x");
  EXPECT_EQ(redact_text("user@host:path"), "user@host:path");
  EXPECT_EQ(redact_text("https://u:p@ss@h.example.com/x"),
            "https://***@h.example.com/x");
  // A path that was made absolute.
  EXPECT_EQ(redact_text("/tmp/https:/u:p@h.example.com/x"),
            "/tmp/https:/***@h.example.com/x");
  EXPECT_EQ(redact_text("/x/postgres:/u:p@db.example.com/x"),
            "/x/postgres:/***@db.example.com/x");
  EXPECT_EQ(redact_text("/a:/b@c/bin"), "/a:/b@c/bin");
}

TEST(Redact, Environment) {
  EXPECT_THAT(
      redact_environment({"PATH=/bin", "MY_TOKEN=abc", "MY_TOKEN", "TOKEN=",
                          "GOPROXY=https://u:p@h.example.com,direct"}),
      ElementsAre("PATH=/bin", "MY_TOKEN=***", "MY_TOKEN",
                  "TOKEN=", "GOPROXY=https://***@h.example.com,direct"));
}

TEST(Redact, WhatAShellIsGiven) {
  EXPECT_THAT(
      redact_arguments({"sh", "-c", "x=1; MY_TOKEN=abc PGPASS='a b' go run ."}),
      ElementsAre("sh", "-c", "x=1; MY_TOKEN=*** PGPASS=*** go run ."));
  EXPECT_THAT(
      redact_arguments({"TOKEN", "TOKEN=x", "go; A_TOKEN+=a\"b \\\" c\"d; B=1",
                        "go; A_TOKEN=$'a b'\\ c; B=1", "auth-api:8080/x",
                        "IMAGE=auth-svc:1.2"}),
      ElementsAre("TOKEN", "TOKEN=***", "go; A_TOKEN+=***; B=1",
                  "go; A_TOKEN=***; B=1", "auth-api:8080/x",
                  "IMAGE=auth-svc:1.2"));
  EXPECT_THAT(redact_arguments({"curl", "-H", "Authorization:Bearer abc",
                                "--header=Authorization: Bearer abc",
                                "https://h.example.com:80/x=y", "a:b"}),
              ElementsAre("curl", "-H", "Authorization:***",
                          "--header=Authorization: ***",
                          "https://h.example.com:80/x=y", "a:b"));
}

TEST(Redact, FieldsOfJsonAndQuotedHeaders) {
  EXPECT_THAT(
      redact_arguments(
          {R"({"user":"a","password":"b \" c","pin": 1,"token": 12,"x":[]})",
           R"(curl -d "{\"token\":\"a b\",\"x\":1}" y)",
           R"(curl -H 'Authorization: Bearer abc' -H "Accept: x" h)",
           R"(a "key:" 'b')", R"("token":)", R"("token":"open)",
           R"("keyboard": "x", 'a:b')"}),
      ElementsAre(
          R"({"user":"a","password":"***","pin": 1,"token": ***,"x":[]})",
          R"(curl -d "{\"token\":\"***\",\"x\":1}" y)",
          R"(curl -H 'Authorization: ***' -H "Accept: x" h)", R"(a "key:" 'b')",
          R"("token":)", R"("token":"***)", R"("keyboard": "x", 'a:b')"));
  EXPECT_THAT(redact_environment({R"(DOCKER={"auth":"abc"})"}),
              ElementsAre(R"(DOCKER={"auth":"***"})"));
}

TEST(Redact, Logins) {
  EXPECT_THAT(redact_arguments({"curl", "-u", "me:word", "--user", "me", "-u",
                                "1000:1000", "a:b", "--proxy-user", "me:1x"}),
              ElementsAre("curl", "-u", "me:***", "--user", "me", "-u",
                          "1000:1000", "a:b", "--proxy-user", "me:***"));
}

// In time that grows with its length: a tracee waits meanwhile.
TEST(Redact, LongArguments) {
  constexpr std::size_t kLong = 4u << 20;
  std::string pairs;
  while (pairs.size() < kLong) pairs += "=a:/";
  std::string quotes;
  while (quotes.size() < kLong) quotes += "\"a:";
  for (const std::string& text : {std::string(kLong, '='), pairs, quotes}) {
    EXPECT_THAT(redact_arguments({text}), ElementsAre(text));
  }
}

TEST(Redact, Arguments) {
  EXPECT_THAT(redact_arguments({"tool", "--token", "abc", "x", "--password=abc",
                                "API_KEY=abc", "--key", "--next", "-o", "out"}),
              ElementsAre("tool", "--token", "***", "x", "--password=***",
                          "API_KEY=***", "--key", "--next", "-o", "out"));
  EXPECT_THAT(redact_arguments({"curl", "-H", "Authorization: Bearer abc", "-H",
                                "Accept: x", "note: the key"}),
              ElementsAre("curl", "-H", "Authorization: ***", "-H", "Accept: x",
                          "note: the key"));
}

}  // namespace
}  // namespace driftcage::base
