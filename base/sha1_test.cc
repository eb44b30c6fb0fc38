#include "base/sha1.h"

#include <gtest/gtest.h>

#include <string>

namespace vmtrunc::base {
namespace {

// FIPS 180-4's own examples, and lengths around a block's end (checked against
// sha1sum).
TEST(Sha1, MatchesTheStandard) {
  EXPECT_EQ(Sha1(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(Sha1("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(Sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  EXPECT_EQ(Sha1(std::string(1000000, 'a')),
            "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
  EXPECT_EQ(Sha1(std::string(55, 'x')),
            "cef734ba81a024479e09eb5a75b6ddae62e6abf1");
  EXPECT_EQ(Sha1(std::string(56, 'x')),
            "901305367c259952f4e7af8323f480d59f81335b");
  EXPECT_EQ(Sha1(std::string(63, 'x')),
            "0ddc4e0cccd9a12850deb5abb0853a4425559fec");
  EXPECT_EQ(Sha1(std::string(64, 'x')),
            "bb2fa3ee7afb9f54c6dfb5d021f14b1ffe40c163");
  EXPECT_EQ(Sha1(std::string(119, 'x')),
            "4300320394f7ee239bcdce7d3b8bcee173a0cd5c");
}

}  // namespace
}  // namespace vmtrunc::base
