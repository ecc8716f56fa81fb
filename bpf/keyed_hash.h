/* The hash by which a judged head is known again: SipHash-1-3 (Aumasson and Bernstein 2012) with the agent's random key, so
 * that a client can't find two heads of equal hash. */
#pragma once

#define ROTATE(x, bits) ((x) << (bits) | (x) >> (64 - (bits)))

struct sip {
	__u64 a, b, c, d;
};

static __always_inline void sip_round(struct sip *v)
{
	v->a += v->b;
	v->b = ROTATE(v->b, 13) ^ v->a;
	v->a = ROTATE(v->a, 32);
	v->c += v->d;
	v->d = ROTATE(v->d, 16) ^ v->c;
	v->a += v->d;
	v->d = ROTATE(v->d, 21) ^ v->a;
	v->c += v->b;
	v->b = ROTATE(v->b, 17) ^ v->c;
	v->c = ROTATE(v->c, 32);
}

static __always_inline void sip_word(struct sip *v, __u64 word)
{
	v->d ^= word;
	sip_round(v);
	v->a ^= word;
}

/* Of the first `length` bytes in `judging`. */
__noinline __u64 hash_head(__u32 length)
{
	__u32 zero = 0;
	struct judging *judging = bpf_map_lookup_elem(&judgings, &zero);
	struct settings *current = bpf_map_lookup_elem(&settings, &zero);
	__u32 rest = (length & 7) * 8, words;
	struct sip v;
	if (!judging || !current || length > JUDGE_HEAD_BYTES)
		return 0;
	barrier_var(length); /* for the verifier: the bound comes before what is made from it */
	words = length / 8;
	v.a = current->hash_key[0] ^ 0x736f6d6570736575ULL;
	v.b = current->hash_key[1] ^ 0x646f72616e646f6dULL;
	v.c = current->hash_key[0] ^ 0x6c7967656e657261ULL;
	v.d = current->hash_key[1] ^ 0x7465646279746573ULL;
	for (__u32 i = 0; i < JUDGE_HEAD_BYTES / 8; i++) {
		if (i >= words)
			break;
		sip_word(&v, judging->words[i]);
	}
	sip_word(&v, (rest ? judging->words[words] & ((1ULL << rest) - 1) : 0) | (__u64)length << 56);
	v.c ^= 0xff;
	sip_round(&v);
	sip_round(&v);
	sip_round(&v);
	return v.a ^ v.b ^ v.c ^ v.d;
}
