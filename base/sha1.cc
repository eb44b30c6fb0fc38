#include "base/sha1.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "absl/strings/str_format.h"

namespace vmtrunc::base {
namespace {

using Digest = std::array<uint32_t, 5>;

// FIPS 180-4, 6.1.2: of the five words of the state one block of 64 bytes makes
// the next five.
void AddBlock(std::string_view block, Digest& digest) {
  std::array<uint32_t, 80> w{};
  for (size_t i = 0; i < 64; ++i)
    w[i / 4] = w[i / 4] << 8 | static_cast<uint8_t>(block[i]);
  for (size_t i = 16; i < w.size(); ++i)
    w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
  auto [a, b, c, d, e] = digest;
  for (size_t i = 0; i < w.size(); ++i) {
    uint32_t f = b ^ c ^ d, k = i < 40 ? 0x6ed9eba1 : 0xca62c1d6;
    if (i < 20) {
      f = (b & c) | (~b & d);
      k = 0x5a827999;
    } else if (i >= 40 && i < 60) {
      f = (b & c) | (b & d) | (c & d);
      k = 0x8f1bbcdc;
    }
    const uint32_t next = std::rotl(a, 5) + f + e + k + w[i];
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  }
  const Digest more = {a, b, c, d, e};
  for (size_t i = 0; i < digest.size(); ++i) digest[i] += more[i];
}

}  // namespace

std::string Sha1(std::string_view content) {
  Digest digest = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  std::string padded(content);
  padded += '\x80';
  while (padded.size() % 64 != 56) padded += '\0';
  const uint64_t bits = uint64_t{content.size()} * 8;
  for (int shift = 56; shift >= 0; shift -= 8)
    padded += static_cast<char>(bits >> shift & 0xffU);
  for (size_t at = 0; at < padded.size(); at += 64)
    AddBlock(std::string_view(padded).substr(at, 64), digest);
  std::string hex;
  for (const uint32_t word : digest) absl::StrAppendFormat(&hex, "%08x", word);
  return hex;
}

}  // namespace vmtrunc::base
