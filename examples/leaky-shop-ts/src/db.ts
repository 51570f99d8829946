import { Prisma, PrismaClient } from '@prisma/client';

export const prisma = new PrismaClient();

/** What runs in a transaction, or outside of one. */
export type Tx = Prisma.TransactionClient;
