import { expect } from 'chai';
import { isCredentialsLine, isPrivateLine } from '../../src/repl/private-line.ts';

describe('a private line', () => {
  it('begins as a sign-in does, with or without typing errors', () => {
    for (const line of [
      '-signin luke s3cret',
      '  -SIGNUP luke s3cret',
      'signin luke s3cret',
      '-sigin luke s3cret',
      '–signin luke s3cret',
      '/login luke s3cret',
      '/sign-in luke s3cret',
      '/register luke s3cret',
      '/identify s3cret',
      'login luke s3cret',
      'password s3cret',
    ]) {
      expect(isCredentialsLine(line), line).to.equal(true);
    }
    for (const line of [
      'MSG hello',
      'register for the meeting at five',
      'sign here',
      '- signs of spring',
      '-quit',
      '/list',
      '',
      '-',
      `-${'x'.repeat(10_000)}`,
    ]) {
      expect(isCredentialsLine(line), line.slice(0, 40)).to.equal(false);
    }
  });

  it('may have a password or token anywhere', () => {
    for (const line of [
      'MSG my password is s3cret',
      'DM hans token: abc',
      'mật khẩu của tôi',
      `MSG ${'a1'.repeat(16)}`,
      'MSG s9J2kfP0aX7-Qm3_vB8nT4yL6wE1rU5i',
    ]) {
      expect(isPrivateLine(line), line).to.equal(true);
    }
    for (const line of [
      'MSG vàng lên',
      'MSG https://example.com/2024/gold-prices-rise-again',
      'CHART SJC 1y',
      'x'.repeat(200),
    ]) {
      expect(isPrivateLine(line), line).to.equal(false);
    }
  });
});
