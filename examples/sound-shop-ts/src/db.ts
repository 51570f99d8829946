import { Prisma, PrismaClient } from '@prisma/client';

export const prisma = new PrismaClient();

/** What runs in a transaction, or outside of one. */
export type Tx = Prisma.TransactionClient;

/** Whether the database refused a row because there is one like it. */
export function isDuplicate(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002';
}
